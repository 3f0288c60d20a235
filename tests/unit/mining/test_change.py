"""What one model broke and fixed against another is found as groups, by paired tests."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.mining.change import compare_models


def test_a_planted_regression_is_found_and_nothing_else(planted):
    champion = planted(n=3000, model="sha256:old", place=0.05, night=0.05)
    candidate = planted(n=3000, worse=3, place=0.05, night=0.05)
    change = compare_models(candidate, champion)
    assert change.compared == 3000
    assert change.broken.confirmed[0].title == "site=3"
    assert change.broken.confirmed[0].candidate.spec.where == "site == 3"
    assert change.broken.confirmed[0].tried.difference > 0.5
    assert not change.fixed.confirmed
    assert change.net < -200


def test_what_was_broken_the_other_way_round_was_fixed(planted):
    one, other = planted(n=3000, worse=3), planted(n=3000, model="sha256:old")
    there, back = compare_models(one, other), compare_models(other, one)
    assert [group.title for group in there.broken.confirmed] == [
        group.title for group in back.fixed.confirmed
    ]
    assert there.net == -back.net
    worst = back.fixed.confirmed[0]
    assert worst.tried.errors > worst.tried.reverse


def test_as_many_fixed_as_broken_is_no_group(planted):
    # both are at odds on the same corner, each right half of the time
    table = planted(n=3000, place=0.5, night=0.05)
    luck = np.random.default_rng(9)
    labels = np.array(table.samples.column("label").to_pylist(), dtype=object)
    dogs = (labels == "dog") & (table.embeddings[:, 2] > 3.5)
    prediction = np.where(dogs & (luck.random(3000) < 0.5), "owl", labels)
    place = table.samples.column_names.index("prediction")
    samples = table.samples.set_column(place, "prediction", pa.array(prediction.tolist()))
    other = replace(table, samples=samples, header=replace(table.header, model_digest="sha256:old"))
    change = compare_models(table, other)
    assert change.broken.error.sum() > 30
    assert not any((one.candidate.inside & dogs).sum() > 0.5 * one.size for one in change.broken.confirmed)


def test_the_same_model_twice_changes_nothing(planted):
    change = compare_models(planted(), planted())
    assert change.net == 0
    assert change.broken.groups == change.fixed.groups == ()
    assert "there is no group to find" in change.broken.notes[0]


def test_models_of_other_data_are_not_compared(planted):
    with pytest.raises(InputError, match="dataset_digest is sha256:zoo .* sha256:park"):
        compare_models(planted(), planted(dataset="sha256:park"))
    other = planted()
    with pytest.raises(InputError, match=r"classes is 'cat', 'dog', 'owl' .* 'cat', 'dog', 'elk'"):
        compare_models(other, replace(other, header=replace(other.header, classes=("cat", "dog", "elk"))))


def test_objects_of_two_detectors_are_paired_and_their_false_positives_are_not(detection_table):
    random = np.random.default_rng(0)
    images = [f"image {number:03}" for number in range(200)]
    truths = [
        {
            "image": image,
            "class": "cat",
            "box": (10 + 100 * place, 10, *((12, 12) if random.random() < 0.3 else (60, 60))),
        }
        for image in images
        for place in range(3)
    ]

    def said(blind):
        found = [{**one, "score": 0.9} for one in truths if not (blind and one["box"][2] == 12)]
        stray = [
            {"image": image, "class": "cat", "box": (500, 500, 9, 9), "score": 0.8} for image in images[::5]
        ]
        return detection_table(images, ["cat"], truths, [*found, *stray])

    change = compare_models(said(blind=True), said(blind=False))
    assert change.compared == 600
    assert change.broken.error.sum() == sum(one["box"][2] == 12 for one in truths)
    assert change.broken.confirmed[0].title == "size=small"
    assert change.broken.cells[0].kind == "missed"
    assert not change.fixed.groups

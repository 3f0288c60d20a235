"""Slices that are places in the space of a model's embeddings."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from seatrial.errors import InputError
from seatrial.neighbours import Embeddings
from seatrial.slices import Cluster, SliceSpec, Vectors, members
from seatrial.slices.measure import MeasureOptions, measure
from seatrial.slices.objects import Objects

OWN = "sha256:1"


def placed(evaluation, width=3):
    table = evaluation()
    vectors = np.random.default_rng(0).normal(size=(len(table), width)).astype(np.float32)
    return replace(table, embeddings=vectors)


def test_a_cluster_holds_what_is_at_most_a_radius_away(evaluation):
    table = placed(evaluation)
    cluster = Cluster.of(OWN, table.embeddings[4], 1.0)
    chosen = members({"near": SliceSpec(cluster=cluster)}, table.samples, Vectors.of(table).images)[1]
    apart = np.linalg.norm(table.embeddings - table.embeddings[4], axis=1)
    assert chosen.index.tolist() == np.flatnonzero(apart <= 1).tolist()
    assert 4 in chosen.index
    assert 1 < len(chosen.index) < len(table)


def test_a_predicate_narrows_a_cluster(evaluation):
    table = placed(evaluation)
    cluster = Cluster.of(OWN, np.zeros(3), 2.0)
    specs = {"near": SliceSpec(cluster=cluster), "cats": SliceSpec(cluster=cluster, where="label == 'cat'")}
    _, near, cats = members(specs, table.samples, Vectors.of(table).images)
    labels = np.array(table.samples.column("label").to_pylist())
    assert cats.index.tolist() == [row for row in near.index.tolist() if labels[row] == "cat"] != []


def test_a_cluster_is_written_and_read_as_it_is():
    spec = SliceSpec(cluster=Cluster.of(OWN, np.array([0.1, -2.5, 1e-9]), 1.5))
    assert SliceSpec.model_validate(spec.to_policy()) == spec
    assert spec.cluster.numbers.tolist() == np.array([0.1, -2.5, 1e-9], dtype=np.float32).tolist()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"model": OWN, "centre": "!!", "radius": 1}, "expected float32 numbers in base64"),
        ({"model": OWN, "centre": "AAA=", "radius": 1}, "got 2 bytes"),
        ({"model": OWN, "centre": "AADAfw==", "radius": 1}, "got infinity or NaN"),
        ({"model": OWN, "centre": "AAAAAA==", "radius": -1}, "greater than or equal to 0"),
        ({"model": "", "centre": "AAAAAA==", "radius": 1}, "at least 1 character"),
    ],
)
def test_a_cluster_that_is_none_is_refused(fields, problem):
    with pytest.raises(ValidationError, match=problem):
        SliceSpec.model_validate({"cluster": fields})


def test_a_cluster_is_one_slice():
    cluster = Cluster.of(OWN, np.zeros(2), 1)
    with pytest.raises(ValidationError, match="'cluster' is one slice"):
        SliceSpec(cluster=cluster, by={"site": None})
    with pytest.raises(ValidationError, match="expected 'ids' alone"):
        SliceSpec(cluster=cluster, ids={"i1": None})


def test_embeddings_of_another_model_are_no_place_to_look(evaluation):
    table = placed(evaluation)
    spec = {"near": SliceSpec(cluster=Cluster.of("sha256:other", np.zeros(3), 1))}
    with pytest.raises(
        InputError, match=r"'near' is a place in the embeddings of model 'sha256:other'.*sha256:1"
    ):
        members(spec, table.samples, Vectors.of(table).images)
    with pytest.raises(InputError, match="expected embeddings of 2 values, got 3"):
        members(
            {"near": SliceSpec(cluster=Cluster.of(OWN, np.zeros(2), 1))},
            table.samples,
            Vectors.of(table).images,
        )


def test_embeddings_of_another_model_are_found_by_the_sample_they_show(evaluation):
    table = evaluation()
    ids = tuple(reversed(table.samples.column("id").to_pylist()))
    other = Embeddings(
        ids, np.arange(len(ids), dtype=np.float32)[:, None], header={"model_digest": "sha256:other"}
    )
    spec = {"near": SliceSpec(cluster=Cluster.of("sha256:other", np.zeros(1), 2.5))}
    report = measure(table, None, spec, MeasureOptions(replicates=0, metrics=("accuracy",)), [other])
    assert report.find("near", "accuracy").n == 3
    chosen = members(spec, table.samples, Vectors.of(table, [other]).images)[1]
    assert sorted(chosen.index.tolist()) == [len(ids) - 3, len(ids) - 2, len(ids) - 1]


def test_a_sample_without_an_embedding_is_an_error(evaluation):
    table = evaluation()
    ids = tuple(table.samples.column("id").to_pylist()[2:])
    other = Embeddings(ids, np.zeros((len(ids), 2), dtype=np.float32), header={"model_digest": "m"})
    spec = {"near": SliceSpec(cluster=Cluster.of("m", np.zeros(2), 1))}
    with pytest.raises(InputError, match="2 of 60 samples have no embedding"):
        members(spec, table.samples, Vectors.of(table, [other]).images)


def test_embeddings_that_do_not_say_what_made_them_are_refused(evaluation):
    with pytest.raises(InputError, match="expected a header with model_digest"):
        Vectors.of(evaluation(), [Embeddings(("i1",), np.zeros((1, 2), dtype=np.float32))])


@pytest.fixture
def detected(detection_table):
    truths = [{"image": "a", "class": "cat", "box": (10 * n, 0, 8, 8)} for n in range(4)]
    predictions = [{"image": "a", "class": "cat", "box": (10 * n, 0, 8, 8), "score": 0.9} for n in (0, 1, 9)]
    return detection_table(["a", "b"], ["cat"], truths, predictions)


def objects_embedded(table, rows):
    boxes = np.stack(
        [table.objects.column(name).to_numpy() for name in ("x", "y", "width", "height")], axis=1
    )
    ids = tuple(table.objects.column("image").to_pylist()[row] for row in rows)
    return Embeddings(
        ids, boxes[rows, :1].astype(np.float32), boxes[rows], header={"model_digest": "m", "level": "object"}
    )


def test_objects_are_found_by_their_image_and_box(detected):
    vectors = Vectors.of(detected, [objects_embedded(detected, np.arange(7)[::-1])])
    spec = {"left": SliceSpec(level="object", cluster=Cluster.of("m", np.zeros(1), 10))}
    objects = Objects.of(detected.samples, detected.objects)
    assert objects.members(spec, vectors.objects)[0].index.tolist() == [0, 1]
    assert objects.with_predictions(spec, vectors.objects)["left"].tolist() == [
        *(True, True, False, False),
        *(True, True, False),
    ]


def test_where_predictions_have_no_embedding_a_cluster_says_nothing_of_false_positives(detected):
    spec = {"left": SliceSpec(level="object", cluster=Cluster.of("m", np.zeros(1), 10))}
    options = MeasureOptions(replicates=0, metrics=("recall", "precision"))
    known = measure(detected, None, spec, options, [objects_embedded(detected, np.arange(7))])
    blind = measure(detected, None, spec, options, [objects_embedded(detected, np.arange(4))])
    assert known.find("left", "recall").candidate.value == blind.find("left", "recall").candidate.value == 1
    assert known.find("left", "precision").candidate.value == 1
    assert hasattr(blind.find("left", "precision").candidate, "reason")

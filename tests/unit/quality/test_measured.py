"""Images are decoded once, or not at all where they were measured before."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from seatrial.datasets.content import content_digests
from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure
from seatrial.images import PROPERTIES, ImageStore, image_properties, using_store
from seatrial.quality import measure


def noise(seed=0, height=12, width=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def evaluated(data, rows, **columns):
    failures = columns.pop("failures", ())
    header = EvaluationHeader(
        "classification",
        data.classes,
        "model",
        "sha256:0",
        data.name,
        data.digest,
        len(data),
        failures=failures,
    )
    return EvaluationTable(
        header,
        data.table.take(rows)
        .append_column("prediction", pa.array(["cat"] * len(rows)))
        .append_column("confidence", pa.array([0.5] * len(rows)))
        .append_column("loss", pa.array([0.7] * len(rows))),
        **columns,
    )


def test_every_image_is_measured_in_order_whatever_the_number_of_threads(tmp_path, manifest):
    data = manifest({f"n{seed}": noise(seed) for seed in range(9)})
    for workers in (1, 4):
        measured = measure(data, workers=workers)
        for row in range(9):
            expected = image_properties(noise(row))
            assert {name: measured.property(name)[row] for name in PROPERTIES} == expected


def test_broken_images_have_a_reason_and_no_properties(manifest):
    measured = measure(manifest({"a": b"", "b": noise()}))
    assert measured.strings("reason") == ["empty file", None]
    assert np.isnan(measured.property("brightness")).tolist() == [True, False]
    assert measured.pixels()[0] is None


def test_what_a_model_predicted_stands_beside_each_image(manifest):
    data = manifest({"a": noise(0), "b": noise(1), "c": noise(2)})
    measured = measure(data, evaluated(data, [0, 1]))
    assert measured.predictions.column("prediction").to_pylist() == ["cat", "cat", None]


def test_what_an_evaluation_could_not_read_is_broken_though_its_image_can_be_read(manifest):
    data = manifest({"a": noise(0), "b": noise(1)})
    measured = measure(data, evaluated(data, [0], failures=(Failure("b", "b.png", "mask b: empty file"),)))
    assert measured.strings("reason") == [None, "mask b: empty file"]
    assert np.isnan(measured.property("brightness")).tolist() == [False, True]
    assert measured.readable.tolist() == [True, False]


def test_measurements_follow_the_content_of_a_data_set_not_the_file_that_was_changed_since(manifest):
    data = manifest({"a": noise(0), "b": noise(1)})
    with using_store(ImageStore(measuring=True)) as store:
        content_digests(data.table["uri"].to_pylist())
    Path(data.table["uri"][0].as_py()).write_bytes(b"changed")
    measured = measure(data, store=store)
    assert measured.property("brightness")[0] == image_properties(noise(0))["brightness"]


@pytest.mark.parametrize("images", [{"a": None, "b": None}])
def test_a_table_without_images_has_no_properties(manifest, images):
    measured = measure(manifest(images))
    assert not measured.has_images
    assert np.isnan(measured.property("width")).all()

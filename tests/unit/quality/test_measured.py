"""Images are decoded once, or not at all where an evaluation has measured them."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure
from seatrial.images import PROPERTIES, image_properties
from seatrial.quality import measure
from seatrial.quality.scan import scan


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


def with_properties(table, value):
    samples = table.samples
    for name in PROPERTIES:
        samples = samples.append_column(name, pa.array([value] * len(samples), pa.float64()))
    return EvaluationTable(table.header, samples)


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
    assert measured.strings("pixels")[0] is None


def test_nothing_is_scanned_without_images():
    assert scan([]) == []


def test_what_an_evaluation_has_measured_is_not_measured_again(manifest):
    data = manifest({"a": noise(0), "b": noise(1), "c": noise(2)})
    table = with_properties(evaluated(data, [0, 1]), 0.25)
    measured = measure(data, table)
    assert measured.property("brightness")[:2].tolist() == [0.25, 0.25]
    assert measured.property("brightness")[2] == image_properties(noise(2))["brightness"]
    assert measured.predictions.column("prediction").to_pylist() == ["cat", "cat", None]


def test_what_an_evaluation_could_not_read_is_broken(manifest):
    data = manifest({"a": noise(0), "b": noise(1)})
    table = with_properties(evaluated(data, [0], failures=(Failure("b", "b.png", "empty file"),)), 0.25)
    assert measure(data, table).strings("reason") == [None, "empty file"]


def test_an_evaluation_without_properties_leaves_them_to_be_measured(manifest):
    data = manifest({"a": noise(0)})
    measured = measure(data, evaluated(data, [0]))
    assert measured.property("brightness")[0] == image_properties(noise(0))["brightness"]
    assert measured.predictions is not None


@pytest.mark.parametrize("images", [{"a": None, "b": None}])
def test_a_table_without_images_has_no_properties(manifest, images):
    measured = measure(manifest(images))
    assert not measured.has_images
    assert np.isnan(measured.property("width")).all()

"""Slice metrics beside scikit-learn called on each slice."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.row import Row, seconds
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.slices.measure import MeasureOptions, measure
from seatrial.slices.spec import SliceSpec
from seatrial.statistics import Estimate

_ROWS, _SLICES, _CLASSES = 1_000_000, 50, 10


def _table() -> EvaluationTable:
    rng = np.random.default_rng(7)
    classes = tuple(f"class-{code}" for code in range(_CLASSES))
    truth = rng.integers(0, _CLASSES, _ROWS)
    prediction = np.where(rng.random(_ROWS) < 0.8, truth, rng.integers(0, _CLASSES, _ROWS))
    names = np.array(classes, dtype=object)
    images = pa.table(
        {
            "id": pa.array(np.arange(_ROWS).astype(str)),
            "label": pa.array(names[truth].tolist(), pa.string()),
            "group": pa.nulls(_ROWS, pa.string()),
            "site": pa.array(rng.integers(0, _SLICES, _ROWS)),
        }
    )
    header = EvaluationHeader("classification", classes, "m", "sha256:0", "generated", "sha256:0", _ROWS)
    return EvaluationTable(header, classification_samples(images, classes, prediction, None, None))


def rows() -> Iterator[Row]:
    """Measure accuracy and macro-F1 on 50 slices of a million rows, points only, then with intervals."""
    table = _table()
    specs = {"site": SliceSpec.model_validate({"by": ["site"]})}
    points = MeasureOptions(replicates=0, metrics=("accuracy", "f1"))
    report = measure(table, None, specs, points)
    truth = np.array(table.samples.column("label").to_pylist())
    prediction = np.array(table.samples.column("prediction").to_pylist())
    site = table.samples.column("site").to_numpy()

    def reference() -> dict[str, tuple[float, float]]:
        return {
            f"site={value}": (
                float(accuracy_score(truth[site == value], prediction[site == value])),
                float(f1_score(truth[site == value], prediction[site == value], average="macro")),
            )
            for value in range(_SLICES)
        }

    expected = reference()
    worst = 0.0
    for name, pair in expected.items():
        for metric, value in zip(("accuracy", "f1"), pair, strict=True):
            row = report.find(name, metric)
            assert row is not None
            assert isinstance(row.candidate, Estimate)
            worst = max(worst, abs(row.candidate.value - value))
    assert worst < 1e-12
    ours, spread = seconds(lambda: measure(table, None, specs, points))
    theirs, _ = seconds(reference, repeats=1)
    yield Row(
        f"accuracy, macro-F1 (and F1 by class), {_ROWS:,} rows, {_SLICES} slices, points",
        f"{ours:.2f} s ({spread:.2f})",
        f"scikit-learn, slice by slice: {theirs:.1f} s",
        f"{theirs / ours:.0f}× faster",
        f"largest difference {worst:.0e}",
    )
    full = MeasureOptions(replicates=200, metrics=("accuracy", "f1"))
    with_intervals, spread = seconds(lambda: measure(table, None, specs, full), repeats=1)
    yield Row(
        "… with intervals, 200 bootstrap replicates",
        f"{with_intervals:.1f} s",
        f"scikit-learn, 200 replicates, extrapolated: {200 * theirs:.0f} s",
        f"{200 * theirs / with_intervals:.0f}× faster",
        "bootstrap weights checked in `tests/property`",
    )

"""Slice metrics beside scikit-learn called on each slice, and beside fairlearn."""

import resource
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.row import Row, seconds
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.slices.measure import MeasureOptions, measure
from seatrial.slices.report import SliceReport
from seatrial.slices.spec import SliceSpec
from seatrial.statistics import Estimate

_ROWS, _CLASSES, _REPLICATES = 1_000_000, 10, 1000
_ATTRIBUTES, _VALUES = ("site", "camera", "shift", "batch"), 50
_METRICS = ("accuracy", "f1")


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
            **{name: pa.array(rng.integers(0, _VALUES, _ROWS)) for name in _ATTRIBUTES},
        }
    )
    header = EvaluationHeader("classification", classes, "m", "sha256:0", "generated", "sha256:0", _ROWS)
    return EvaluationTable(header, classification_samples(images, classes, prediction, None, None))


def rows() -> Iterator[Row]:
    """Measure accuracy and macro-F1 on 200 slices of a million rows, points only, then with intervals."""
    table = _table()
    specs = {name: SliceSpec.model_validate({"by": [name]}) for name in _ATTRIBUTES}
    slices = len(_ATTRIBUTES) * _VALUES
    points = MeasureOptions(replicates=0, metrics=_METRICS)
    columns = {name: table.samples.column(name).to_numpy() for name in _ATTRIBUTES}
    truth, prediction = (np.array(table.samples.column(name).to_pylist()) for name in ("label", "prediction"))

    def reference() -> dict[str, tuple[float, float]]:
        return {
            f"{name}={value}": (
                float(accuracy_score(truth[of == value], prediction[of == value])),
                float(f1_score(truth[of == value], prediction[of == value], average="macro")),
            )
            for name, of in columns.items()
            for value in range(_VALUES)
        }

    worst = _largest_difference(measure(table, None, specs, points), reference())
    ours, spread = seconds(lambda: measure(table, None, specs, points))
    theirs, _ = seconds(reference, repeats=1)
    fairlearns = _fairlearn(truth, prediction, columns, reference())
    peers = f"scikit-learn, slice by slice: {theirs:.1f} s" + (
        f"; fairlearn {version('fairlearn')}: {fairlearns:.1f} s" if fairlearns else ""
    )
    yield Row(
        f"accuracy, macro-F1 (and F1 by class), {_ROWS:,} rows, {slices} slices, points",
        f"{ours:.2f} s ({spread:.2f})",
        peers,
        f"{min(theirs, fairlearns or theirs) / ours:.0f}× faster",
        f"largest difference {worst:.0e}",
    )
    full = MeasureOptions(replicates=_REPLICATES, metrics=_METRICS)
    start = time.perf_counter()
    measure(table, None, specs, full)
    first = time.perf_counter() - start
    with_intervals, spread = seconds(lambda: measure(table, None, specs, full))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    best = min(theirs, fairlearns or theirs)
    yield Row(
        f"… with intervals, {_REPLICATES:,} bootstrap replicates",
        f"{with_intervals:.1f} s ({spread:.1f}); {first:.1f} s with the first call's compilation; "
        f"at most {memory:.1f} GiB in the process, peers and data included",
        f"{_REPLICATES:,} replicates of the faster one, extrapolated: {_REPLICATES * best:.0f} s",
        f"{_REPLICATES * best / with_intervals:.0f}× faster",
        "bootstrap weights checked in `tests/property`",
    )


def _largest_difference(report: SliceReport, expected: dict[str, tuple[float, float]]) -> float:
    worst = 0.0
    for name, pair in expected.items():
        for metric, value in zip(_METRICS, pair, strict=True):
            row = report.find(name, metric)
            assert row is not None
            assert isinstance(row.candidate, Estimate)
            worst = max(worst, abs(row.candidate.value - value))
    assert worst < 1e-12
    return worst


def _fairlearn(
    truth: Any, prediction: Any, columns: dict[str, Any], expected: dict[str, tuple[float, float]]
) -> float | None:
    """Time fairlearn's MetricFrame, attribute by attribute; None where it is not installed."""
    try:
        from fairlearn.metrics import MetricFrame
    except ImportError:
        return None

    def macro(y_true: Any, y_pred: Any) -> float:
        return float(f1_score(y_true, y_pred, average="macro"))

    def frames() -> dict[str, tuple[float, float]]:
        found = {}
        for name, of in columns.items():
            frame = MetricFrame(
                metrics={"accuracy": accuracy_score, "f1": macro},
                y_true=truth,
                y_pred=prediction,
                sensitive_features=of,
            )
            for value, pair in frame.by_group.iterrows():
                found[f"{name}={value}"] = (float(pair["accuracy"]), float(pair["f1"]))
        return found

    start = time.perf_counter()
    found = frames()
    took = time.perf_counter() - start
    assert found == expected
    return took

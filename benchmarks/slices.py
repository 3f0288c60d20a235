"""Slice metrics beside scikit-learn called on each slice, and beside fairlearn."""

import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.row import Claim, Row, peak_gib, seconds
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.slices.measure import MeasureOptions, measure
from seatrial.slices.report import SliceReport
from seatrial.slices.spec import SliceSpec
from seatrial.statistics import Estimate

_ROWS, _CLASSES, _REPLICATES = 1_000_000, 10, 1000
_ATTRIBUTES, _VALUES = ("site", "camera", "shift", "batch"), 50

#: What fairlearn's own bootstrap is asked for: accuracy alone, on fewer rows.
_FEW_ROWS, _FEW_REPLICATES = 100_000, 20
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

    expected = reference()
    worst = _largest_difference(measure(table, None, specs, points), expected)
    few, few_spread = seconds(lambda: measure(table, None, {"site": specs["site"]}, points))
    ours, spread = seconds(lambda: measure(table, None, specs, points))
    theirs, _ = seconds(reference, repeats=1)
    by_attribute = _fairlearn(truth, prediction, columns, expected)
    first, all_of_it = by_attribute[0], sum(by_attribute)
    claim = f"{first / few:.0f}× on {_VALUES} slices, {all_of_it / ours:.0f}× on {slices}"
    yield Row(
        f"accuracy, macro-F1 (and F1 by class), {_ROWS:,} rows, {_VALUES} slices, points",
        f"{few:.2f} s ({few_spread:.2f})",
        f"fairlearn {version('fairlearn')}: {first:.1f} s",
        f"{first / few:.0f}× faster",
        f"largest difference {worst:.0e}",
        (Claim("slices", claim, reached=first >= 50 * few),),
    )
    yield Row(
        f"… {slices} slices",
        f"{ours:.2f} s ({spread:.2f})",
        f"scikit-learn, slice by slice: {theirs:.1f} s; fairlearn: {all_of_it:.1f} s",
        f"{theirs / ours:.0f}× faster than scikit-learn, {all_of_it / ours:.0f}× than fairlearn",
        f"largest difference {worst:.0e}",
    )
    full = MeasureOptions(replicates=_REPLICATES, metrics=_METRICS)
    start = time.perf_counter()
    measure(table, None, specs, full)
    compiling = time.perf_counter() - start
    with_intervals, spread = seconds(lambda: measure(table, None, specs, full))
    resampled = _resampled(truth, prediction, columns["site"])
    rate, other = _ROWS * _REPLICATES / with_intervals, _FEW_ROWS * _FEW_REPLICATES / resampled
    yield Row(
        f"… {slices} slices with intervals, {_REPLICATES:,} bootstrap replicates",
        f"{with_intervals:.1f} s ({spread:.1f}); {compiling:.1f} s with the first call's compilation; "
        f"at most {peak_gib():.1f} GiB in the process, peers and data included",
        f"fairlearn, {_FEW_REPLICATES} replicates of accuracy alone on {_FEW_ROWS:,} rows and {_VALUES} "
        f"slices: {resampled:.1f} s",
        f"{rate / other:.0f}× the replicates × rows per second",
        "bootstrap weights checked in `tests/property`",
        (Claim("slices_bootstrap", f"{rate / other:.0f}×", reached=rate >= 500 * other),),
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
) -> list[float]:
    """Time fairlearn's MetricFrame, attribute by attribute, and check that it gives the same values."""
    from fairlearn.metrics import MetricFrame

    def macro(y_true: Any, y_pred: Any) -> float:
        return float(f1_score(y_true, y_pred, average="macro"))

    times = []
    for name, of in columns.items():
        start = time.perf_counter()
        frame = MetricFrame(
            metrics={"accuracy": accuracy_score, "f1": macro},
            y_true=truth,
            y_pred=prediction,
            sensitive_features=of,
        ).by_group
        times.append(time.perf_counter() - start)
        for value, pair in frame.iterrows():
            assert (float(pair["accuracy"]), float(pair["f1"])) == expected[f"{name}={value}"]
    return times


def _resampled(truth: Any, prediction: Any, of: Any) -> float:
    """Time fairlearn's bootstrap intervals of accuracy."""
    from fairlearn.metrics import MetricFrame

    start = time.perf_counter()
    MetricFrame(
        metrics={"accuracy": accuracy_score},
        y_true=truth[:_FEW_ROWS],
        y_pred=prediction[:_FEW_ROWS],
        sensitive_features=of[:_FEW_ROWS],
        n_boot=_FEW_REPLICATES,
        ci_quantiles=[0.025, 0.975],
        random_state=7,
    )
    return time.perf_counter() - start

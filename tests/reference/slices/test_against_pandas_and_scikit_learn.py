"""Every metric on every slice, by brute force: pandas cuts the rows, scikit-learn measures what is left."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics as sk

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.slices import MeasureOptions, SliceSpec
from seatrial.slices.measure import measure
from seatrial.statistics import Estimate, NotComputable

CLASSES = ("ant", "bee", "cow", "doe", "elk")
EDGES = [0.25, 0.5, 0.75]
SPECS = {
    "site": {"by": ["site"]},
    "light": {"by": {"brightness": {"edges": EDGES}}},
    "both": {"by": {"night": None, "brightness": {"edges": [0.5]}}},
    "far": {"where": "site in ('A', 'B') and not brightness < 0.3"},
    "sparse": {"where": "brightness > 0.98"},
}


@pytest.fixture(scope="module")
def samples():
    source = np.random.default_rng(11)
    n = 900
    truth = source.integers(0, 5, n)
    truth[source.random(n) < 0.3] = 0
    frame = pd.DataFrame(
        {
            "id": [f"i{row}" for row in range(n)],
            "label": [CLASSES[code] for code in truth],
            "site": source.choice(["A", "B", "C", None], n),
            "night": source.choice([True, False, None], n),
            "brightness": np.where(source.random(n) < 0.1, np.nan, source.random(n)),
        }
    )
    frame.loc[source.random(n) < 0.05, "label"] = None
    scores = source.random((n, 5))
    scores[np.arange(n), truth] += 0.5
    return frame, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def report(samples):
    frame, scores = samples
    n = len(frame)
    table = pa.table(
        {
            "id": frame["id"].tolist(),
            "uri": pa.nulls(n, pa.string()),
            "label": pa.array(frame["label"].tolist(), pa.string()),
            "prediction": [CLASSES[code] for code in scores.argmax(axis=1)],
            "confidence": scores.max(axis=1),
            "loss": pa.nulls(n, pa.float64()),
            "group": pa.nulls(n, pa.string()),
            "content": pa.nulls(n, pa.string()),
            "site": pa.array(frame["site"].tolist(), pa.string()),
            "night": pa.array(frame["night"].tolist(), pa.bool_()),
            "brightness": pa.array(frame["brightness"], from_pandas=True),
        }
    )
    header = EvaluationHeader("classification", CLASSES, "model", "sha256:m", "zoo", "sha256:d", n)
    specs = {name: SliceSpec.model_validate(fields) for name, fields in SPECS.items()}
    return measure(EvaluationTable(header, table, scores), None, specs, MeasureOptions(replicates=0))


def cut(frame):
    """Cut every slice with pandas: name to rows."""
    bright, night = frame["brightness"], frame["night"]
    slices = {"all": pd.Series(data=True, index=frame.index)}
    for site in "ABC":
        slices[f"site={site}"] = frame["site"] == site
    slices["site=∅"] = frame["site"].isna()
    names = ["(-∞, 0.25)", "[0.25, 0.5)", "[0.5, 0.75)", "[0.75, ∞)"]
    bins = pd.cut(bright, [-np.inf, *EDGES, np.inf], right=False, labels=names)
    for name in names:
        slices[f"brightness={name}"] = bins == name
    slices["brightness=∅"] = bright.isna()
    for value, label in ((False, "false"), (True, "true"), (None, "∅")):
        of_night = night.isna() if value is None else night.eq(value).fillna(value=False).astype(bool)
        slices[f"night={label} & brightness=(-∞, 0.5)"] = of_night & (bright < 0.5)
        slices[f"night={label} & brightness=[0.5, ∞)"] = of_night & (bright >= 0.5)
        slices[f"night={label} & brightness=∅"] = of_night & bright.isna()
    slices["far"] = frame["site"].isin(["A", "B"]) & (bright >= 0.3)
    slices["sparse"] = bright > 0.98
    return {name: np.flatnonzero(mask & frame["label"].notna()) for name, mask in slices.items()}


def calibration_error(confidence, correct):
    """Follow Guo et al. (2017) word for word: scikit-learn has no such metric."""
    bins = pd.cut(confidence, np.linspace(0, 1, 16), labels=False)
    gaps = [
        abs(confidence[bins == one].mean() - correct[bins == one].mean()) * np.mean(bins == one)
        for one in np.unique(bins)
    ]
    return sum(gaps)


def by_scikit_learn(truth, prediction, scores):
    """Measure rows with scikit-learn: (metric, class) to value; what it cannot say is left out."""
    scores = scores.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)
    codes = list(range(5))
    values = {("accuracy", None): sk.accuracy_score(truth, prediction)}
    functions = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    for name, function in functions.items():
        values[name, None] = function(truth, prediction, average="macro", zero_division=0)
        each = function(truth, prediction, average=None, labels=codes, zero_division=np.nan)
        values |= {(name, CLASSES[code]): value for code, value in enumerate(each) if not np.isnan(value)}
    values["log_loss", None] = sk.log_loss(truth, scores, labels=codes)
    values["brier", None] = sk.brier_score_loss(truth, scores, labels=codes)
    values["ece", None] = calibration_error(scores.max(axis=1), truth == prediction)
    present = set(truth.tolist())
    if present == set(codes):
        values["auroc", None] = sk.roc_auc_score(truth, scores, multi_class="ovr", average="macro")
    for code in present:
        if len(present) > 1:
            values["auroc", CLASSES[code]] = sk.roc_auc_score(truth == code, scores[:, code])
    return values


def test_the_slices_are_the_ones_that_pandas_cuts(samples, report):
    frame, _ = samples
    expected = {name: len(rows) for name, rows in cut(frame).items()}
    assert {row.slice: row.n for row in report.rows} == expected


def test_every_metric_on_every_slice_is_scikit_learns(samples, report):
    frame, scores = samples
    codes = frame["label"].map({name: code for code, name in enumerate(CLASSES)})
    compared = 0
    for name, rows in cut(frame).items():
        truth = codes.iloc[rows].to_numpy(dtype=np.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns where Seatrial says "not computable"
            expected = by_scikit_learn(truth, scores[rows].argmax(axis=1), scores[rows])
        for row in (row for row in report.rows if row.slice == name):
            key = (row.metric, row.class_)
            if isinstance(row.candidate, NotComputable):
                assert key not in expected, (name, key)
                continue
            assert isinstance(row.candidate, Estimate)
            assert row.candidate.value == pytest.approx(expected[key], abs=1e-12), (name, key)
            compared += 1
    assert compared > 400


def test_the_confusion_of_every_slice_is_scikit_learns(samples, report):
    frame, scores = samples
    predicted = np.array(CLASSES)[scores.argmax(axis=1)]
    for name, rows in cut(frame).items():
        matrix = sk.confusion_matrix(frame["label"].iloc[rows], predicted[rows], labels=list(CLASSES))
        found = {(one.label, one.prediction): one.count for one in report.confusion if one.slice == name}
        expected = {
            (CLASSES[truth], CLASSES[taken]): int(matrix[truth, taken])
            for truth, taken in zip(*np.nonzero(matrix), strict=True)
        }
        assert found == expected

"""What Kubeflow's pages show of a result."""

import math

import numpy as np
import pyarrow as pa
import pytest
from kfp import dsl

from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure
from seatrial.gates import Decision, Outcome, Verdict
from seatrial.quality import CheckResult, QualityReport
from seatrial.slices.report import ConfusionCell, SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable
from seatrial_components.display import show_evaluation, show_quality, show_slices, show_verdict


@pytest.fixture
def metrics():
    return dsl.Metrics()


def _table(labels, predictions):
    header = EvaluationHeader(
        "classification",
        ("a", "b"),
        "m",
        "sha256:1",
        "d",
        "sha256:2",
        4,
        failures=(Failure("x", "x.png", "broken"),),
    )
    samples = pa.table(
        {"id": [str(n) for n in range(len(labels))], "label": labels, "prediction": predictions}
    )
    return EvaluationTable(header, samples, np.ones((len(labels), 2), np.float32))


def test_evaluation_shows_images_failures_and_accuracy(metrics):
    show_evaluation(_table(["a", "b", "a", None], ["a", "b", "b", "a"]), metrics)
    assert metrics.metadata == {"images": 4, "failed images": 1, "accuracy": pytest.approx(2 / 3)}


def test_evaluation_without_labels_shows_no_accuracy(metrics):
    show_evaluation(_table(pa.nulls(2, pa.string()), ["a", "b"]), metrics)
    assert metrics.metadata == {"images": 2, "failed images": 1}


def test_absent_champion_shows_no_images(metrics):
    show_evaluation(None, metrics)
    assert metrics.metadata == {"images": 0}


def _row(slice_, metric, candidate, class_=None, **paired):
    return SliceRow(slice_, "all", {}, "image", metric, class_, 10, candidate, **paired)


def test_slices_show_the_whole_with_champion_difference_and_confusion(metrics):
    confusion = dsl.ClassificationMetrics()
    accuracy = Estimate(0.9, 0.8, 0.95, 10)
    rows = (
        _row(
            "all",
            "accuracy",
            accuracy,
            baseline=Estimate(0.8, 0.7, 0.9, 10),
            difference=Difference(0.1, 0, 0.2, 0.9, 10),
        ),
        _row("all", "recall", accuracy, class_="a"),
        _row("all", "auroc", NotComputable("one class", 10)),
        _row("night", "accuracy", Estimate(0.1, 0, 0.2, 3)),
    )
    cells = (ConfusionCell("all", "candidate", "a", "b", 3), ConfusionCell("all", "baseline", "a", "a", 9))
    show_slices(SliceReport({"classes": ["a", "b"]}, rows, cells), metrics, confusion)
    assert metrics.metadata == {
        "slices": 2, "accuracy": 0.9, "accuracy (champion)": 0.8, "accuracy (difference)": 0.1,
    }  # fmt: skip
    shown = confusion.metadata["confusionMatrix"]
    assert [row["row"] for row in shown["rows"]] == [[0, 3], [0, 0]]


def test_large_confusion_matrix_is_left_out(metrics):
    confusion = dsl.ClassificationMetrics()
    show_slices(SliceReport({"classes": [str(n) for n in range(41)]}, ()), metrics, confusion)
    assert confusion.metadata == {}


def test_quality_shows_findings_of_checks_that_ended(metrics):
    checks = (CheckResult("dark", "done", "", 4, 4), CheckResult("drift", "crashed", "boom", 0, 0))
    show_quality(QualityReport({}, checks, (), {}), metrics)
    assert metrics.metadata == {"crashed checks": 1, "dark": 4}


def test_verdict_shows_counts_and_its_markdown(metrics, tmp_path):
    (tmp_path / "verdict.md").write_text("# Refused\n")
    markdown = dsl.Markdown(uri=str(tmp_path / "shown.md"))
    decision = Decision("floor", "min", "block", "all", "accuracy", Outcome.FAIL, "too low", blocking=True)
    outcome = show_verdict(Verdict(Outcome.FAIL, (decision,), {}), str(tmp_path), metrics, markdown)
    assert outcome == "fail"
    assert metrics.metadata == {"decisions": 1, "fail": 1}
    assert (tmp_path / "shown.md").read_text() == "# Refused\n"


def test_numbers_that_kubeflow_refuses_are_left_out(metrics):
    rows = (_row("all", "log_loss", Estimate(math.inf, None, None, 3)),)
    show_slices(SliceReport({"classes": []}, rows), metrics, dsl.ClassificationMetrics())
    assert metrics.metadata == {"slices": 1}

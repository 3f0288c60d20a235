"""What Kubeflow's pages show of a step's result: flat finite numbers, a confusion matrix, Markdown."""

import math
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from seatrial.evaluation import EvaluationTable, Explanations
from seatrial.gates import Verdict
from seatrial.metrics.saliency import OFF_CORE
from seatrial.mining.blind_spot_page import blind_spots_markdown
from seatrial.mining.blind_spot_report import BlindSpotReport
from seatrial.quality import QualityReport
from seatrial.slices import SliceReport
from seatrial.slices.report import ALL, BACKGROUND
from seatrial.statistics import Estimate
from seatrial_components.curve import show_curve

__all__ = [
    "show_blind_spots",
    "show_evaluation",
    "show_explanations",
    "show_quality",
    "show_slices",
    "show_verdict",
]

#: A larger matrix cannot be read on the page.
_MOST_CLASSES = 40


def show_evaluation(table: EvaluationTable | None, metrics: Any) -> None:
    """Log how many images were evaluated, how many failed, and what the task's results amount to.

    Args:
        table: The evaluation; None where there was no model.
        metrics: A ``dsl.Metrics`` artifact.
    """
    if table is None:
        metrics.log_metric("images", 0)
        return
    values: dict[str, float | None] = {"images": len(table), "failed images": len(table.header.failures)}
    match table.header.task:
        case "classification":
            right = pc.equal(table.samples.column("label"), table.samples.column("prediction"))
            values["accuracy"] = pc.mean(right).as_py()
        case "detection":
            for name in ("truths", "predictions"):
                values[name] = pc.sum(table.samples.column(name)).as_py()
        case "segmentation":
            values["annotated images"] = pc.sum(table.samples.column("annotated")).as_py()
    _log(metrics, values)


def show_slices(report: SliceReport, metrics: Any, confusion: Any, evaluation: str = "") -> None:
    """Log the metrics of the slice of everything, the candidate's confusion matrix and ROC curve.

    Args:
        report: The measurements.
        metrics: A ``dsl.Metrics`` artifact.
        confusion: A ``dsl.ClassificationMetrics`` artifact; stays empty above 40 classes.
        evaluation: The candidate's evaluation, for the curve; empty for none.
    """
    values: dict[str, float | None] = {"slices": len({row.slice for row in report.rows})}
    for row in report.rows:
        if row.slice != ALL or row.class_ is not None:
            continue
        if isinstance(row.candidate, Estimate):
            values[row.metric] = row.candidate.value
        if isinstance(row.baseline, Estimate):
            values[f"{row.metric} (champion)"] = row.baseline.value
        if row.difference is not None:
            values[f"{row.metric} (difference)"] = row.difference.value
    _log(metrics, values)
    classes = [str(name) for name in report.header.get("classes", ())]
    if any(BACKGROUND in {cell.label, cell.prediction} for cell in report.confusion):
        classes.append(BACKGROUND)
    if 0 < len(classes) <= _MOST_CLASSES:
        confusion.log_confusion_matrix(classes, _matrix(report, classes))
    if evaluation:
        show_curve(EvaluationTable.read(Path(evaluation)), confusion)


def show_explanations(found: Explanations | None, folder: str, metrics: Any, page: Any) -> None:
    """Log how many explanations there are and how much of the saliency is beside the point, and show them.

    Args:
        found: The explanations; None where there was no model.
        folder: Where the step wrote ``explanations.html``.
        metrics: A ``dsl.Metrics`` artifact.
        page: A ``dsl.HTML`` artifact.
    """
    if found is None:
        metrics.log_metric("explanations", 0)
        Path(page.path).write_text("<p>There is no model to explain.</p>\n", encoding="utf-8")
        return
    drawn = list(found.of_samples(OFF_CORE, drawn=True).values())
    mean = sum(drawn) / len(drawn) if drawn else None
    _log(metrics, {"explanations": len(found), "drawn with a core": len(drawn), OFF_CORE: mean})
    shutil.copyfile(Path(folder) / "explanations.html", page.path)


def show_blind_spots(report: BlindSpotReport, metrics: Any, page: Any) -> None:
    """Log how many groups fail and how many of the errors they hold, and show them.

    Args:
        report: The groups.
        metrics: A ``dsl.Metrics`` artifact.
        page: A ``dsl.Markdown`` artifact.
    """
    _log(metrics, dict(report.metrics))
    Path(page.path).write_text(blind_spots_markdown(report), encoding="utf-8")


def show_quality(report: QualityReport, metrics: Any) -> None:
    """Log the findings of each check, and how many checks crashed.

    Args:
        report: The findings.
        metrics: A ``dsl.Metrics`` artifact.
    """
    values: dict[str, float | None] = {
        "crashed checks": sum(one.status == "crashed" for one in report.checks)
    }
    _log(metrics, values | {one.check: one.findings for one in report.checks if one.status == "done"})


def show_verdict(verdict: Verdict, folder: str, metrics: Any, markdown: Any) -> str:
    """Log how many decisions ended how, and show the verdict as Markdown.

    Args:
        verdict: The verdict.
        folder: Where the step wrote ``verdict.md``.
        metrics: A ``dsl.Metrics`` artifact.
        markdown: A ``dsl.Markdown`` artifact.

    Returns:
        The outcome, a single word.
    """
    counts = Counter(str(decision.outcome) for decision in verdict.decisions)
    _log(metrics, {"decisions": len(verdict.decisions), **dict(sorted(counts.items()))})
    shutil.copyfile(Path(folder) / "verdict.md", markdown.path)
    return str(verdict.outcome)


def _log(metrics: Any, values: dict[str, float | None]) -> None:
    for name, value in values.items():
        if value is not None and math.isfinite(value):
            metrics.log_metric(name, value)


def _matrix(report: SliceReport, classes: list[str]) -> list[list[int]]:
    position = {name: index for index, name in enumerate(classes)}
    matrix = [[0] * len(classes) for _ in classes]
    for cell in report.confusion:
        if cell.slice == ALL and cell.model == "candidate":
            matrix[position[cell.label]][position[cell.prediction]] = cell.count
    return matrix

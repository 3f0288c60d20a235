"""Precision over recall, class by class, of classifiers and detectors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.metrics import ClassificationSamples, DetectionSamples
from seatrial.reporting.display import count, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.svg import Scale, element

__all__ = ["Curve", "curves_of", "precision_recall"]

#: Classes that are drawn: those on which the candidate is worst.
MOST_CLASSES = 8
_POINTS = 120
_SIDE, _LEFT, _TOP = 150.0, 30.0, 8.0


@dataclass(frozen=True)
class Curve:
    """One class of one model.

    Attributes:
        recall: Ascending, in [0, 1], shape (k,), one entry for each distinct score.
        precision: In [0, 1], shape (k,).
        positives: How many there are to find.
        area: Average precision: the sum of precision times what recall gains at each score, in [0, 1].
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    positives: int
    area: float


def curves_of(table: EvaluationTable, operating: Mapping[str, Any]) -> dict[str, Curve]:
    """Give the curve of each class that has a truth; none for a segmenter, or where there are no scores.

    A classifier's are one class against the rest by its probabilities; a detector's are of its predictions,
    the surest first, at the operating point's IoU.

    Args:
        table: The evaluation.
        operating: A detector's operating point, as the slice report holds it.
    """
    match table.header.task:
        case "classification":
            return _of_probabilities(table)
        case "detection":
            return _of_predictions(table, operating)
        case "segmentation":
            return {}


def _of_probabilities(table: EvaluationTable) -> dict[str, Curve]:
    if table.scores is None:
        return {}
    samples, rows = ClassificationSamples.from_evaluation(table)
    scores = table.scores[rows]
    return {
        name: _curve(scores[:, code], samples.truth == code, int((samples.truth == code).sum()))
        for code, name in enumerate(samples.classes)
        if (samples.truth == code).any()
    }


def _of_predictions(table: EvaluationTable, operating: Mapping[str, Any]) -> dict[str, Curve]:
    samples, _ = DetectionSamples.from_evaluation(table, **operating)
    truths, predictions, met = samples.truths, samples.predictions, samples.operating
    counted = met.hit | met.false  # what met an ignored region counts for nothing
    found = {}
    for code, name in enumerate(samples.classes):
        positives = int(((truths.label == code) & ~truths.ignored).sum())
        chosen = counted & (predictions.label == code)
        if positives:
            found[name] = _curve(predictions.score[chosen], met.hit[chosen], positives)
    return found


def _curve(score: NDArray[Any], right: NDArray[np.bool_], positives: int) -> Curve:
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(right[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) if len(order) else order
    recall, precision = hits[last] / positives, hits[last] / (last + 1)
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(recall, precision, positives, area)


def precision_recall(inputs: ReportInputs) -> list[dict[str, Any]]:
    """Draw the classes on which the candidate is worst, one small figure each."""
    operating = inputs.slices.header.get("detection", {})
    now = curves_of(inputs.candidate, operating)
    before = {} if inputs.baseline is None else curves_of(inputs.baseline, operating)
    worst = sorted(now, key=lambda name: now[name].area)[:MOST_CLASSES]
    drawn = []
    for name in worst:
        said = f"{now[name].area * 100:.1f}\u202f%"
        was = f", champion {before[name].area * 100:.1f}\u202f%" if name in before else ""
        title = f"{plain(name, 60)}: average precision {said}{was}, n = {count(now[name].positives)}"
        figure = _figure(_thinned(now[name]), _thinned(before[name]) if name in before else None, title)
        drawn.append({"name": plain(name, 60), "area": said, "before": was, "figure": figure})
    return drawn


def _thinned(curve: Curve) -> Curve:
    """Keep few enough points to draw: evenly along the recall, both ends included."""
    if len(curve.recall) <= _POINTS:
        return curve
    places = np.unique(np.searchsorted(curve.recall, np.linspace(curve.recall[0], curve.recall[-1], _POINTS)))
    return replace(curve, recall=curve.recall[places], precision=curve.precision[places])


def _figure(now: Curve, before: Curve | None, title: str) -> Markup:
    across, up = Scale(0, 1, _LEFT, _LEFT + _SIDE), Scale(0, 1, _TOP + _SIDE, _TOP)
    parts = [element("title", title)]
    for tick in (0.0, 0.5, 1.0):
        x, y = across(tick), up(tick)
        parts += [
            element("line", x1=_LEFT, x2=_LEFT + _SIDE, y1=y, y2=y, class_="st-grid"),
            element("text", f"{tick * 100:g}", x=_LEFT - 5, y=y + 3.5, text_anchor="end", class_="st-tick"),
            element(
                "text", f"{tick * 100:g}", x=x, y=_TOP + _SIDE + 14, text_anchor="middle", class_="st-tick"
            ),
        ]
    for curve, role in ((before, "baseline"), (now, "candidate")):
        if curve is not None and len(curve.recall):
            points = " ".join(
                f"{across(recall):.1f},{up(precision):.1f}"
                for recall, precision in zip(curve.recall, curve.precision, strict=True)
            )
            parts.append(
                element(
                    "polyline", points=points, class_=f"st-curve st-{role}", fill="none", stroke_width=1.6
                )
            )
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {_LEFT + _SIDE + 8:g} {_TOP + _SIDE + 20:g}",
        class_="precision-recall",
        role="img",
        font_size=9.5,
    )

"""The ROC curve that Kubeflow's page draws of a model with two classes."""

from typing import Any

import numpy as np
import pyarrow.compute as pc

from seatrial.evaluation import EvaluationTable

__all__ = ["show_curve"]

#: Points of a curve on the page.
_MOST_POINTS = 100

_TWO = 2


def show_curve(table: EvaluationTable, curve: Any) -> None:
    """Log the ROC curve of the second class; nothing where there are not two classes, both with images.

    Every threshold is finite: the page cannot draw the infinite one that such a curve is said to begin with.

    Args:
        table: The evaluation.
        curve: A ``dsl.ClassificationMetrics`` artifact.
    """
    header, scores = table.header, table.scores
    if header.task != "classification" or len(header.classes) != _TWO or scores is None:
        return
    labels = table.samples.column("label")
    known = np.asarray(labels.is_valid().to_numpy())
    positive = np.asarray(pc.equal(labels, header.classes[1]).fill_null(False).to_numpy())[known]
    given = np.asarray(scores[known, 1], dtype=np.float64)
    if not 0 < positive.sum() < len(positive):
        return
    order = np.argsort(-given, kind="stable")
    given, positive = given[order], positive[order]
    last = np.append(np.flatnonzero(np.diff(given)), len(given) - 1)  # of each run of equal scores
    true, false = np.cumsum(positive)[last], np.cumsum(~positive)[last]
    if len(last) > _MOST_POINTS:
        chosen = np.linspace(0, len(last) - 1, _MOST_POINTS).round().astype(np.int64)
        last, true, false = last[chosen], true[chosen], false[chosen]
    start = max(1.0, float(given[0]))
    curve.log_roc_curve(
        [0.0, *(false / false[-1]).tolist()],
        [0.0, *(true / true[-1]).tolist()],
        [start, *given[last].tolist()],
    )

"""The metrics by name, and what a rule or a report has to know of each."""

from dataclasses import dataclass
from math import inf

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.spelling import unknown

__all__ = ["METRICS", "Metric", "metric"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric is.

    Attributes:
        name: Its name in policies and reports.
        task: The task that it measures.
        higher_is_better: Which way is better.
        needs_scores: Whether it needs class probabilities; ``ece`` makes do with the prediction's confidence.
        per_class: Whether it also has a value for each class.
        proportion: Whether it can be a share of samples, each simply right or wrong, so that Wilson's and
            Tango's intervals and McNemar's test apply; :meth:`is_proportion` says for which values.
        description: One sentence for people.
        greatest: Its greatest value, of any number of classes; infinite where it has none. The least is 0.
    """

    name: str
    task: Task
    higher_is_better: bool
    needs_scores: bool
    per_class: bool
    proportion: bool
    description: str
    greatest: float = 1.0

    def is_proportion(self, class_: str | None) -> bool:
        """Say whether the value of one class (None: of all) is a share of samples.

        Accuracy is one over all samples, recall is one of a class; a macro average is none.
        """
        return self.proportion and (class_ is not None) == self.per_class


def _classification(
    name: str,
    description: str,
    *,
    higher_is_better: bool = True,
    needs_scores: bool = False,
    per_class: bool = False,
    proportion: bool = False,
    greatest: float = 1.0,
) -> Metric:
    return Metric(
        name,
        "classification",
        higher_is_better,
        needs_scores,
        per_class,
        proportion,
        description,
        greatest,
    )


#: Every metric that this version computes, by name.
METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        _classification("accuracy", "Share of the samples whose prediction is the truth.", proportion=True),
        _classification(
            "precision",
            "Share of the samples predicted as a class that are of it; the mean over classes overall.",
            per_class=True,
        ),
        _classification(
            "recall",
            "Share of the samples of a class that are predicted as it; the mean over classes overall.",
            per_class=True,
            proportion=True,
        ),
        _classification(
            "f1",
            "Harmonic mean of a class's precision and recall; the mean over classes overall.",
            per_class=True,
        ),
        _classification(
            "log_loss",
            "Mean of -ln of the probability given to the truth, in nats.",
            higher_is_better=False,
            needs_scores=True,
            greatest=inf,
        ),
        _classification(
            "brier",
            "Mean squared distance of the class probabilities from the truth.",
            higher_is_better=False,
            needs_scores=True,
            greatest=2.0,
        ),
        _classification(
            "ece",
            "Expected calibration error: mean gap between confidence and accuracy over 15 bins.",
            higher_is_better=False,
            needs_scores=True,
        ),
        _classification(
            "auroc",
            "Chance that a sample of a class is scored above one of another; the mean over classes overall.",
            needs_scores=True,
            per_class=True,
        ),
    )
}


def metric(name: str) -> Metric:
    """Find a metric by its name.

    Raises:
        InputError: There is no such metric; the message lists the known names.
    """
    if name in METRICS:
        return METRICS[name]
    raise InputError(unknown("metric", name, METRICS))

"""The metrics by name, and what a rule or a report has to know of each."""

from dataclasses import dataclass
from math import inf

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.spelling import unknown

__all__ = ["HEADLINES", "METRICS", "Metric", "metric", "task_metrics"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric is.

    Attributes:
        name: Its name in policies and reports.
        tasks: The tasks that it measures; what a sample is differs, an image or an object in it.
        higher_is_better: Which way is better.
        needs_scores: Whether it needs class probabilities; ``ece`` makes do with the prediction's confidence.
        per_class: Whether it also has a value for each class.
        proportion: Whether it can be a share of samples, each simply right or wrong, so that Wilson's and
            Tango's intervals and McNemar's test apply; :meth:`is_proportion` says for which values.
        description: One sentence for people.
        greatest: Its greatest value, of any number of classes; infinite where it has none. The least is 0.
        explained: Whether it needs explanations, and is left out where there are none.
    """

    name: str
    tasks: tuple[Task, ...]
    higher_is_better: bool
    needs_scores: bool
    per_class: bool
    proportion: bool
    description: str
    greatest: float = 1.0
    explained: bool = False

    def is_proportion(self, class_: str | None) -> bool:
        """Say whether the value of one class (None: of all) is a share of samples.

        Accuracy is one over all samples, recall is one of a class; a macro average is none.
        """
        return self.proportion and (class_ is not None) == self.per_class


_CLASSIFICATION: tuple[Task, ...] = ("classification",)
_DETECTION: tuple[Task, ...] = ("detection",)
_SEGMENTATION: tuple[Task, ...] = ("segmentation",)
_OF_LABELS = _CLASSIFICATION + _DETECTION


def _metric(
    tasks: tuple[Task, ...],
    name: str,
    description: str,
    *,
    higher_is_better: bool = True,
    needs_scores: bool = False,
    per_class: bool = False,
    proportion: bool = False,
    greatest: float = 1.0,
    explained: bool = False,
) -> Metric:
    return Metric(
        name,
        tasks,
        higher_is_better,
        needs_scores,
        per_class,
        proportion,
        description,
        greatest,
        explained,
    )


def _classification_metrics() -> tuple[Metric, ...]:
    return (
        _metric(
            _CLASSIFICATION,
            "accuracy",
            "Share of the samples whose prediction is the truth.",
            proportion=True,
        ),
        _metric(
            _OF_LABELS,
            "precision",
            "Share of what is predicted as a class that is of it; the mean over classes overall.",
            per_class=True,
        ),
        _metric(
            _OF_LABELS,
            "recall",
            "Share of what is of a class that is predicted as it; the mean over classes overall.",
            per_class=True,
            proportion=True,
        ),
        _metric(
            _OF_LABELS,
            "f1",
            "Harmonic mean of a class's precision and recall; the mean over classes overall.",
            per_class=True,
        ),
        _metric(
            _CLASSIFICATION,
            "log_loss",
            "Mean of -ln of the probability given to the truth, in nats.",
            higher_is_better=False,
            needs_scores=True,
            greatest=inf,
        ),
        _metric(
            _CLASSIFICATION,
            "brier",
            "Mean squared distance of the class probabilities from the truth.",
            higher_is_better=False,
            needs_scores=True,
            greatest=2.0,
        ),
        _metric(
            _OF_LABELS,
            "ece",
            "Expected calibration error: mean gap between confidence and accuracy over 15 bins.",
            higher_is_better=False,
            needs_scores=True,
        ),
        _metric(
            _CLASSIFICATION,
            "auroc",
            "Chance that a sample of a class is scored above one of another; the mean over classes overall.",
            needs_scores=True,
            per_class=True,
        ),
    )


def _detection_metrics() -> tuple[Metric, ...]:
    precision = {
        "map_50_95": "at IoU thresholds .50 to .95",
        "map_50": "at an IoU of .50",
        "map_75": "at an IoU of .75",
        "map_small": "of objects under 32² pixels, at IoU thresholds .50 to .95",
        "map_medium": "of objects from 32² to 96² pixels, at IoU thresholds .50 to .95",
        "map_large": "of objects over 96² pixels, at IoU thresholds .50 to .95",
    }
    recall = {
        "ar_1": "the best prediction of each class and image",
        "ar_10": "the 10 best predictions of each class and image",
        "ar_100": "the 100 best predictions of each class and image",
        "ar_small": "the 100 best predictions, on objects under 32² pixels",
        "ar_medium": "the 100 best predictions, on objects from 32² to 96² pixels",
        "ar_large": "the 100 best predictions, on objects over 96² pixels",
    }
    return (
        *(
            _metric(_DETECTION, name, f"COCO's average precision {what}, mean over classes.", per_class=True)
            for name, what in precision.items()
        ),
        *(
            _metric(
                _DETECTION,
                name,
                f"COCO's average recall of {what}, mean over classes and IoU thresholds.",
                per_class=True,
            )
            for name, what in recall.items()
        ),
        _metric(
            _DETECTION,
            "fp_per_image",
            "False positives per image at the operating point.",
            higher_is_better=False,
            per_class=True,
            greatest=inf,
        ),
    )


def _segmentation_metrics() -> tuple[Metric, ...]:
    return (
        _metric(
            _SEGMENTATION,
            "miou",
            "Intersection over union of a class's pixels, pooled over images; the mean over classes overall.",
            per_class=True,
        ),
        _metric(
            _SEGMENTATION,
            "miou_per_image",
            "Mean intersection over union of each image's classes, averaged over images.",
            per_class=True,
        ),
        _metric(
            _SEGMENTATION,
            "dice",
            "Dice coefficient of a class's pixels, pooled over images; the mean over classes overall.",
            per_class=True,
        ),
        _metric(_SEGMENTATION, "pixel_accuracy", "Share of the pixels whose class is right."),
        _metric(
            _SEGMENTATION,
            "boundary_iou",
            "Intersection over union of the bands along a class's boundaries; the mean over classes overall.",
            per_class=True,
        ),
    )


def _saliency_metrics() -> tuple[Metric, ...]:
    return (
        _metric(
            _CLASSIFICATION + _DETECTION + _SEGMENTATION,
            "off_core",
            "Mean share of a model's saliency that lies outside of what it ought to look at.",
            higher_is_better=False,
            explained=True,
        ),
    )


#: Every metric that this version computes, by name; a name means the same in every task that has it.
METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        *_classification_metrics(),
        *_detection_metrics(),
        *_segmentation_metrics(),
        *_saliency_metrics(),
    )
}


#: The metric by which people speak of a model first.
HEADLINES: dict[str, str] = {"classification": "accuracy", "detection": "map_50_95", "segmentation": "miou"}


def task_metrics(task: Task) -> tuple[str, ...]:
    """Name the metrics of a task, in the order in which reports list them: first those made for it."""
    names = [name for name, one in METRICS.items() if task in one.tasks]
    return tuple(sorted(names, key=lambda name: METRICS[name].tasks[0] != task))


def metric(name: str) -> Metric:
    """Find a metric by its name.

    Raises:
        InputError: There is no such metric; the message lists the known names.
    """
    if name in METRICS:
        return METRICS[name]
    raise InputError(unknown("metric", name, METRICS))

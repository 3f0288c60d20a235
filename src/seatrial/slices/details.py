"""What a report holds beside its rows: confusion, calibration, what only detection and segmentation have."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from seatrial.metrics import ClassificationSamples, DetectionSamples
from seatrial.metrics import reliability as reliability_of
from seatrial.slices.comparison import ROLES, Comparison, Measured
from seatrial.slices.confusion import ConfusionCell
from seatrial.slices.membership import Slice
from seatrial.slices.reading import true_classes
from seatrial.slices.report import BACKGROUND

__all__ = ["confusion", "details", "reliability", "warnings"]


def confusion(comparison: Comparison, slices: Sequence[Slice]) -> Iterator[ConfusionCell]:
    """Count what was taken for what, on slices of images, for each model.

    For detection and segmentation, which have counts for pairs of many classes on every image, where numbers
    by class are wanted.
    """
    names = (*comparison.models[0].classes, BACKGROUND)
    for one in slices:
        if comparison.task != "classification" and not comparison.by_class(one):
            continue
        index = comparison.annotated(one)
        for role, model in zip(ROLES, comparison.models, strict=False):
            for truth, prediction, count in model.confusion(index):
                yield ConfusionCell(one.name, role, names[truth], names[prediction], int(count))


def reliability(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Compare confidence and accuracy of each model on everything, bin by bin; nothing for segmentation."""
    everything = comparison.everything
    for role, model in zip(ROLES, comparison.models, strict=False):
        match model:
            case ClassificationSamples():
                bins = reliability_of(model, everything)
            case DetectionSamples():
                bins = model.calibration(everything)
            case _:
                bins = []
        yield from ({"model": role, **one} for one in bins)


def details(comparison: Comparison, slices: Sequence[Slice], measured: Measured) -> dict[str, Any] | None:
    """Collect what classification does not have, and None for that; see the slices reference."""
    if comparison.task == "classification":
        return None
    found: dict[str, Any] = {
        "absent_classes": list(_absent_classes(comparison, slices)),
        "class_matched": list(measured.matched),
    }
    for role, model in zip(ROLES, comparison.models, strict=False):
        if isinstance(model, DetectionSamples):
            found[role] = _of_detector(model, comparison)
    return found


def warnings(comparison: Comparison) -> list[str]:
    """Say what makes a detector's numbers other than they look."""
    return [
        f"{role}: {one}"
        for role, model in zip(("candidate", "champion"), comparison.models, strict=False)
        if isinstance(model, DetectionSamples)
        for one in model.warnings()
    ]


def _absent_classes(comparison: Comparison, slices: Sequence[Slice]) -> Iterator[dict[str, Any]]:
    """Name the classes that are true of something, but of nothing in a slice of images."""
    model = comparison.models[0]
    known = true_classes(model, comparison.everything)
    for one in slices:
        absent = np.setdiff1d(known, true_classes(model, comparison.annotated(one)))
        if absent.size:
            yield {"slice": one.name, "classes": [model.classes[code] for code in absent.tolist()]}


def _of_detector(model: DetectionSamples, comparison: Comparison) -> dict[str, Any]:
    everything = comparison.everything
    truths, predictions = model.class_counts.tolist()
    return {
        "errors": [asdict(one) for one in model.errors(everything)],
        "class_counts": [
            {"class": name, "truths": true, "predictions": said}
            for name, true, said in zip(model.classes, truths, predictions, strict=True)
        ],
        "saturated_images": model.saturated(everything),
        "lowest_score": model.lowest_score,
    }

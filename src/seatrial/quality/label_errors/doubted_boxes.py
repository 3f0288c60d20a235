"""Findings of the check ``label_errors`` in a detection."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from seatrial.evaluation import EvaluationTable
from seatrial.metrics import DetectionSamples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding
from seatrial.quality.label_errors.boxes import doubt_boxes

__all__ = ["doubted_boxes"]

_KINDS = {
    "overlooked": "objects without annotation",
    "swapped": "boxes of another class",
    "badly_placed": "boxes beside their object",
}


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A box that is doubted: of a truth by a prediction, or a prediction without truth.

    Attributes:
        image: Number of the image among the annotated ones.
        score: How much, in [0, 1].
        truth: Row in the evaluation's objects, −1 where there is none.
        prediction: Likewise.
    """

    image: int
    score: float
    truth: int
    prediction: int


def doubted_boxes(given: CheckInput) -> Found:
    """Report boxes that a detector contradicts, one finding an image and kind, with what they should be."""
    table = given.needs_evaluation()
    if given.in_sample:
        raise NotApplicableError("the model was trained on these boxes: what it says of them is no evidence")
    samples, rows = DetectionSamples.from_evaluation(table)
    if not len(samples):
        raise NotApplicableError("no image is annotated")
    ids = table.samples.column("id").take(pa.array(rows)).to_pylist()
    least = given.options.label_errors_box
    return Found(
        tuple(
            _finding(kind, ids[image], doubts, table)
            for kind, images in _doubts(samples, least).items()
            for image, doubts in sorted(images.items())
        )
    )


def _doubts(samples: DetectionSamples, least: float) -> dict[str, dict[int, list[_Doubt]]]:
    """Collect what is doubted at least so much, by kind and image, worst first."""
    truths, predictions = samples.truths, samples.predictions
    doubts = doubt_boxes(truths, predictions, len(samples), len(samples.classes))
    kinds = {
        "overlooked": (doubts.overlooked, np.arange(len(predictions)), predictions.image),
        "swapped": (np.where(doubts.swapped_by >= 0, doubts.swapped, 0.0), doubts.swapped_by, truths.image),
        "badly_placed": (doubts.badly_placed, doubts.placed_by, truths.image),
    }
    found: dict[str, dict[int, list[_Doubt]]] = {}
    for kind, (doubt, by, image) in kinds.items():
        found[kind] = defaultdict(list)
        score = doubt.round(6)
        for place in np.lexsort((-score, image)).tolist():
            if score[place] < least:
                continue
            truth = -1 if kind == "overlooked" else int(truths.row[place])
            prediction = int(predictions.row[by[place]])
            found[kind][int(image[place])].append(
                _Doubt(int(image[place]), float(score[place]), truth, prediction)
            )
    return found


def _finding(kind: str, image: str, doubts: list[_Doubt], table: EvaluationTable) -> Finding:
    boxes = list(_suggested(kind, doubts, table))
    classes = sorted({one["class"] for one in boxes})
    evidence: dict[str, Any] = {"kind": kind, "classes": classes, "suggested_boxes": boxes}
    count = f"{len(boxes)} {_KINDS[kind]}" if len(boxes) > 1 else f"1 {_KINDS[kind].replace('s ', ' ', 1)}"
    message = f"probably {count}: {', '.join(classes)}"
    return Finding("label_errors", "warning", message, (image,), boxes[0]["doubt"], evidence)


def _suggested(kind: str, doubts: list[_Doubt], table: EvaluationTable) -> Iterator[dict[str, Any]]:
    """Give each box as it should be; of a truth, with what it is now."""
    objects = table.objects
    assert objects is not None
    for one in doubts:
        said = objects.slice(one.prediction, 1).to_pylist()[0]
        now = objects.slice(one.truth, 1).to_pylist()[0] if one.truth >= 0 else None
        label = said if now is None or kind == "swapped" else now
        place = said if now is None or kind == "badly_placed" else now
        box: dict[str, Any] = {"class": label["class"]}
        box |= {side: round(place[side], 2) for side in ("x", "y", "width", "height")}
        box |= {"score": round(said["score"], 4), "doubt": round(one.score, 4)}
        if now is not None:
            box |= {"annotation": now["annotation"], "was_class": now["class"]}
            box["was"] = [round(now[side], 2) for side in ("x", "y", "width", "height")]
        yield box

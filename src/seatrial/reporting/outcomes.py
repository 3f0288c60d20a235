"""What a model made of each image, whatever its task: how wrong it is, and in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.images import UnreadableImageError, decode_codes, read_bytes
from seatrial.metrics import DetectionSamples, SegmentationSamples
from seatrial.reporting.overlays import Mark

__all__ = ["Outcomes", "outcomes_of"]

_TOP = 8

#: What is said with a share: a class and its probability, an object and its score, a class and its IoU.
Scores = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Outcomes:
    """What one model made of each of n images.

    Attributes:
        truth: What the image shows, in words, shape (n,); None where it carries no truth.
        said: What the model says of it, in words, shape (n,).
        error: How wrong that is, from 0 (nothing is wrong) to 1, shape (n,); NaN where there is no truth.
        confidence: How sure the model is, in [0, 1], shape (n,); NaN where it does not say.
        scores: Gives what the model said of a row, with shares.
        marks: Gives what to draw on the picture of a row.
    """

    truth: NDArray[np.object_]
    said: NDArray[np.object_]
    error: NDArray[np.float64]
    confidence: NDArray[np.float64]
    scores: Callable[[int], Scores]
    marks: Callable[[int], tuple[Mark, ...]]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which images carry a truth, shape (n,)."""
        return ~np.isnan(self.error)


def outcomes_of(table: EvaluationTable, slices: Mapping[str, Any]) -> Outcomes:
    """Say what a model made of each image.

    Args:
        table: Its evaluation.
        slices: Header of the slice report, which holds a detector's operating point.
    """
    match table.header.task:
        case "classification":
            return _of_labels(table)
        case "detection":
            return _of_objects(table, slices.get("detection", {}))
        case "segmentation":
            return _of_pixels(table)


def _of_labels(table: EvaluationTable) -> Outcomes:
    truth, said = _texts(table, "label"), _texts(table, "prediction")
    known = np.array([one is not None for one in truth], dtype=np.bool_)
    classes, scores = table.header.classes, table.scores

    def most_probable(row: int) -> Scores:
        if scores is None:
            return ()
        order = np.argsort(-scores[row], kind="stable")[:_TOP]
        return tuple((classes[code], float(scores[row][code])) for code in order)

    return Outcomes(
        truth,
        said,
        np.where(known, (truth != said).astype(np.float64), np.nan),
        _numbers(table, "confidence"),
        most_probable,
        lambda _: (),
    )


def _of_objects(table: EvaluationTable, operating: Mapping[str, Any]) -> Outcomes:
    samples, rows = DetectionSamples.from_evaluation(table, **operating)
    met, truths, predictions = samples.operating, samples.truths, samples.predictions
    said = predictions.score >= samples.score
    found = np.zeros(len(truths), dtype=np.bool_)
    found[met.truth[met.hit & said]] = True
    counted = ~truths.ignored
    images = len(samples)
    hits = np.bincount(truths.image[counted & found], minlength=images)
    missed = np.bincount(truths.image[counted & ~found], minlength=images)
    false = np.bincount(predictions.image[met.false & said], minlength=images)
    error = np.full(len(table), np.nan)
    wrong = missed + false
    error[rows] = wrong / np.maximum(2 * hits + wrong, 1)  # one minus F1
    truth_words, said_words = _empty(len(table)), _empty(len(table))
    for place, row in enumerate(rows.tolist()):
        total = int(hits[place] + missed[place])
        truth_words[row] = f"{total} object{'' if total == 1 else 's'}"
        wrongs = ((missed[place], "missed"), (false[place], "false"))
        said_words[row] = ", ".join(f"{count} {what}" for count, what in wrongs if count) or "all found"
    of_truths, of_predictions = _by_image(truths.image, images), _by_image(predictions.image, images)
    place_of = {row: place for place, row in enumerate(rows.tolist())}
    classes = samples.classes

    def scores(row: int) -> Scores:
        if row not in place_of:
            return ()
        chosen = [one for one in of_predictions[place_of[row]] if said[one]]
        chosen.sort(key=lambda one: -predictions.score[one])
        return tuple(
            (
                f"{classes[predictions.label[one]]}{', false' if met.false[one] else ''}",
                float(predictions.score[one]),
            )
            for one in chosen[:_TOP]
        )

    def marks(row: int) -> tuple[Mark, ...]:
        if row not in place_of:
            return ()
        place = place_of[row]
        seen = [one for one in of_truths[place] if counted[one]]
        claimed = [one for one in of_predictions[place] if said[one] and (met.hit[one] or met.false[one])]
        return (
            *(Mark("found" if found[one] else "missed", tuple(truths.box[one])) for one in seen),
            *(Mark("right" if met.hit[one] else "false", tuple(predictions.box[one])) for one in claimed),
        )

    return Outcomes(truth_words, said_words, error, np.full(len(table), np.nan), scores, marks)


def _of_pixels(table: EvaluationTable) -> Outcomes:
    samples, rows = SegmentationSamples.from_evaluation(table)
    image, code = samples.places[:, 0], samples.places[:, 1]
    counts = np.bincount(image, minlength=len(samples))
    sums = np.bincount(image, weights=samples.ious, minlength=len(samples))
    error = np.full(len(table), np.nan)
    seen = counts > 0  # an image of void pixels alone has no truth
    error[rows[seen]] = 1 - sums[seen] / counts[seen]
    truth_words, said_words = _empty(len(table)), _empty(len(table))
    of_images = _by_image(image, len(samples))
    place_of = {row: place for place, row in enumerate(rows.tolist()) if seen[place]}
    for row, place in place_of.items():
        present = [one for one in of_images[place] if samples.areas[one, 1] > 0]
        present.sort(key=lambda one: samples.areas[one, 1])  # what is small tells images apart
        truth_words[row] = ", ".join(samples.classes[code[one]] for one in present)
        said_words[row] = f"mean IoU {(1 - error[row]) * 100:.0f}\u202f%"

    def scores(row: int) -> Scores:
        chosen = of_images[place_of[row]] if row in place_of else []
        worst = sorted(chosen, key=lambda one: samples.ious[one])[:_TOP]
        return tuple((f"IoU of {samples.classes[code[one]]}", float(samples.ious[one])) for one in worst)

    masks = None if table.masks is None else table.masks.column("mask")
    mask_rows = {} if table.masks is None else _places(table.masks.column("image").to_pylist())
    ids = table.samples.column("id").to_pylist()
    truths = table.samples.column("mask") if "mask" in table.samples.column_names else None

    def marks(row: int) -> tuple[Mark, ...]:
        at = mask_rows.get(ids[row])
        said = () if masks is None or at is None else (Mark("surfaces", png=masks[at].as_py()),)
        return (*said, *_outline(None if truths is None else truths[row].as_py()))

    return Outcomes(truth_words, said_words, error, np.full(len(table), np.nan), scores, marks)


def _outline(uri: str | None) -> tuple[Mark, ...]:
    """Read a true mask; what cannot be read any more is not drawn."""
    if uri is None:
        return ()
    try:
        png = read_bytes(uri)
        decode_codes(png)
    except UnreadableImageError:
        return ()
    return (Mark("outline", png=png),)


def _texts(table: EvaluationTable, column: str) -> NDArray[np.object_]:
    return np.array(table.samples.column(column).to_pylist(), dtype=object)


def _numbers(table: EvaluationTable, column: str) -> NDArray[np.float64]:
    if column not in table.samples.column_names:
        return np.full(len(table), np.nan)
    values = table.samples.column(column).to_pylist()
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _empty(size: int) -> NDArray[np.object_]:
    return np.full(size, None, dtype=object)


def _by_image(image: NDArray[Any], size: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(size)]
    for one, place in enumerate(image.tolist()):
        found[place].append(one)
    return found


def _places(names: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}

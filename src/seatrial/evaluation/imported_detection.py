"""Detections made elsewhere, as an evaluation table."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest, DatasetSpec
from seatrial.datasets.box_format import look_like_corners, look_like_sizes
from seatrial.datasets.object_rows import raise_faults
from seatrial.datasets.options import check_options
from seatrial.datasets.problems import Problem, Problems
from seatrial.digests import digest_bytes, digest_lines
from seatrial.errors import InputError
from seatrial.evaluation.detection import DetectedObjects, detection_tables
from seatrial.evaluation.imported_coco import COCO_OPTIONS, coco_detections
from seatrial.evaluation.imported_objects import DetectionRow, Images
from seatrial.evaluation.imported_text import TEXT_OPTIONS, text_detections
from seatrial.evaluation.table import EvaluationHeader, EvaluationTable

__all__ = ["imported_detection"]


def imported_detection(
    spec: DatasetSpec,
    manifest: DatasetManifest,
    name: str,
    categories: Mapping[object, str] | None = None,
) -> tuple[EvaluationTable, tuple[Problem, ...]]:
    """Join detections to a data set.

    Args:
        spec: ``predictions:FILE.json?key=value`` for COCO's results (see
            :func:`~seatrial.evaluation.imported_coco.coco_detections`), ``predictions:FOLDER?key=value`` for
            text files (see :func:`~seatrial.evaluation.imported_text.text_detections`). Options of both:
            ``others=drop`` (detections of classes outside of the data set are left out and counted),
            ``scores=logits`` (scores are any numbers; the logistic function brings them into [0, 1]).
        manifest: What the detections are of. An image without any is one in which nothing was found.
        name: What to call the model.
        categories: Class names by COCO's category ids, where the data set's own file says them.

    Returns:
        The evaluation, and what was noticed.

    Raises:
        InputError: A file cannot be used, a detection's class, box, mask or score is none, or not one
            detection is of an image of the data set; the message names file, line or number, and field.
    """
    if manifest.task != "detection" or manifest.objects is None:
        raise InputError(f"data set {manifest.name!r}: expected one for detection, got {manifest.task}")
    noted = Problems()
    if spec.path.lower().endswith(".json"):
        check_options(spec, COCO_OPTIONS)
        rows = coco_detections(spec, manifest, categories, noted)
    else:
        check_options(spec, TEXT_OPTIONS)
        rows = text_detections(spec, manifest, noted)
    if spec.options.get("others", "drop") != "drop" or spec.options.get("scores", "logits") != "logits":
        raise InputError(f"{spec.path}: expected others=drop and scores=logits, or neither of them")
    unknown = next((one for one in noted.all() if one.kind == "prediction_of_unknown_image"), None)
    if unknown is not None and not rows:
        raise InputError(f"{spec.path}: not one prediction is of an image of {manifest.name!r}: {unknown}")
    scores = _scores(spec, rows)
    boxes = np.array([row.box for row in rows], dtype=np.float64).reshape(-1, 4)
    _check_boxes(spec, rows, boxes)
    _note(manifest, rows, boxes, scores, noted)
    found = _by_image(len(manifest), rows, boxes, scores)
    samples, objects = detection_tables(manifest.table, manifest.objects, manifest.classes, found)
    header = EvaluationHeader(
        task="detection",
        classes=manifest.classes,
        model=name,
        model_digest=_digest(manifest, found),
        dataset=manifest.name,
        dataset_digest=manifest.digest,
        dataset_size=len(manifest),
    )
    return EvaluationTable(header, samples, objects=objects), noted.all()


def _scores(spec: DatasetSpec, rows: Sequence[DetectionRow]) -> NDArray[np.float64]:
    scores = np.array([row.score for row in rows], dtype=np.float64)
    finite = np.isfinite(scores)
    _refuse(spec, rows, ~finite, "scores that are numbers", scores)
    if "scores" in spec.options:
        positive = scores >= 0  # two forms, so that nothing overflows
        decayed = np.exp(-np.abs(scores))
        return np.asarray(np.where(positive, 1 / (1 + decayed), decayed / (1 + decayed)))
    expected = "scores in [0, 1] (scores=logits takes any)"
    _refuse(spec, rows, (scores < 0) | (scores > 1), expected, scores)
    return scores


def _check_boxes(spec: DatasetSpec, rows: Sequence[DetectionRow], boxes: NDArray[np.float64]) -> None:
    infinite, negative = ~np.isfinite(boxes), boxes[:, 2:] < 0
    _refuse(spec, rows, np.asarray(infinite.any(axis=1)), "boxes of four finite numbers", boxes)
    _refuse(spec, rows, np.asarray(negative.any(axis=1)), "boxes of no negative width or height", boxes)


def _refuse(
    spec: DatasetSpec,
    rows: Sequence[DetectionRow],
    wrong: NDArray[np.bool_],
    expected: str,
    values: NDArray[np.float64],
) -> None:
    faults = [f"{rows[at].where}: {values[at].tolist()}" for at in np.flatnonzero(wrong).tolist()]
    raise_faults(spec.path, expected, faults)


def _note(
    manifest: DatasetManifest,
    rows: Sequence[DetectionRow],
    boxes: NDArray[np.float64],
    scores: NDArray[np.float64],
    noted: Problems,
) -> None:
    if not rows:
        return
    if len(rows) > 1 and (scores == scores[0]).all():
        noted.add("scores_equal", f"{len(rows)} predictions of score {scores[0]:g}")
    sizes = Images(manifest).sizes
    limits = np.array([sizes[row.row] or (np.inf, np.inf) for row in rows], dtype=np.float64)
    first = f"{rows[0].where}: {boxes[0].tolist()}"
    if look_like_corners(boxes, limits):
        noted.add("boxes_look_like_corners", first)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    if look_like_sizes(corners, limits):
        noted.add("boxes_look_like_sizes", first)
    for at in np.flatnonzero((boxes[:, 2:] == 0).any(axis=1)).tolist():
        noted.add("box_empty", f"{rows[at].where}: {boxes[at].tolist()}")


def _by_image(
    count: int, rows: Sequence[DetectionRow], boxes: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[DetectedObjects]:
    image = np.array([row.row for row in rows], dtype=np.int64)
    codes = np.array([row.code for row in rows], dtype=np.int64)
    order = np.argsort(image, kind="stable")  # within an image, the file's order stays
    ends = np.searchsorted(image[order], np.arange(count), side="right")
    masked = any(row.mask is not None for row in rows)
    found = []
    for start, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
        chosen = order[start:end]
        masks = tuple(rows[at].mask for at in chosen.tolist()) if masked else None
        found.append(DetectedObjects(boxes[chosen], scores[chosen], codes[chosen], masks))
    return found


def _digest(manifest: DatasetManifest, found: Sequence[DetectedObjects]) -> str:
    def lines() -> "list[str]":
        ids = manifest.table.column("id").to_pylist()
        return [
            f"{one}\t{code}\t{score!r}\t{box}\t{digest_bytes(mask) if mask is not None else None}"
            for one, image in zip(ids, found, strict=True)
            for code, score, box, mask in zip(
                image.classes.tolist(),
                image.scores.tolist(),
                image.boxes.tolist(),
                image.masks or [None] * len(image.scores),
                strict=True,
            )
        ]

    return digest_lines(lines())

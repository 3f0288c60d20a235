"""Check ``odd_objects``: objects of a size, shape or place that their class does not have."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding
from seatrial.quality.object_columns import object_boxes_of, object_image_sizes
from seatrial.quality.options import CheckOptions

__all__ = ["odd_objects"]

#: Spreads below which a class is not taken to vary less: of log₂ area, log₂ aspect and place.
_LEAST: Mapping[str, float] = {"size": 0.2, "aspect": 0.1, "place": 0.05}

#: A median absolute deviation is this share of a standard deviation, where values are normal.
_NORMAL = 0.6745

_WORDS = {
    "size": "of a size that their class does not have",
    "aspect": "of a shape that their class does not have",
    "place": "at a place where their class is not",
}


def odd_objects(given: CheckInput) -> Found:
    """Report objects that are outliers of their class, one finding an image and kind.

    Compared are the logarithms of √area, as a share of the image's where its size is known, and of width
    over height, and the place of the centre in the image; an outlier is ``odd_object_z`` robust standard
    deviations (from the median absolute deviation) from its class's median. Classes of fewer than
    ``outlier_min_n`` objects are left alone, and so are crowds. The score is the distance, in those
    deviations.
    """
    data = given.data
    objects = data.manifest.objects
    if objects is None:
        raise NotApplicableError(f"the data set is for {data.manifest.task}, it has no boxes")
    boxes, limits = object_boxes_of(data), object_image_sizes(data)
    judged = (boxes[:, 2:] > 0).all(axis=1) & ~np.asarray(objects.column("crowd").to_numpy(), dtype=np.bool_)
    classes = objects.column("class").to_pylist()
    distances = _distances(boxes, limits, classes, judged, given.options)
    images, ids = (objects.column(name).to_pylist() for name in ("image", "annotation"))
    findings: list[Finding] = []
    for kind, distance in distances.items():
        by_image: defaultdict[str, list[int]] = defaultdict(list)
        for row in np.flatnonzero(distance >= given.options.odd_object_z).tolist():
            by_image[images[row]].append(row)
        findings += _findings(kind, by_image, distance, classes, ids, boxes)
    return Found(tuple(findings))


def _distances(
    boxes: NDArray[np.float64],
    limits: NDArray[np.float64],
    classes: list[str],
    judged: NDArray[np.bool_],
    options: CheckOptions,
) -> dict[str, NDArray[np.float64]]:
    """Give each object's distance from its class by kind, in standard deviations, 0 where not judged."""
    known = np.asarray(np.isfinite(limits).all(axis=1))
    whole = np.where(known[:, None], limits, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 0.5 * np.log2(boxes[:, 2:].prod(axis=1) / whole.prod(axis=1))
        aspect = np.log2(boxes[:, 2] / boxes[:, 3])
    centre = (boxes[:, :2] + boxes[:, 2:] / 2) / whole
    values = {"size": size[:, None], "aspect": aspect[:, None], "place": centre}
    found = {kind: np.zeros(len(boxes)) for kind in values}
    names, codes = np.unique(np.array(classes, dtype=object).astype(str), return_inverse=True)
    for code in range(len(names)):
        # what is measured in pixels and what is a share of the image cannot be compared
        of_class = judged & (codes == code)
        for rows in (np.flatnonzero(of_class & known), np.flatnonzero(of_class & ~known)):
            if len(rows) < options.outlier_min_n:
                continue
            for kind, value in values.items():
                if kind == "place" and not known[rows[0]]:
                    continue
                away = np.abs(value[rows] - np.median(value[rows], axis=0))
                spread = np.maximum(np.median(away, axis=0) / _NORMAL, _LEAST[kind])
                found[kind][rows] = (away / spread).max(axis=1)
    return found


def _findings(
    kind: str,
    by_image: Mapping[str, list[int]],
    distance: NDArray[np.float64],
    classes: list[str],
    ids: list[str],
    boxes: NDArray[np.float64],
) -> Iterator[Finding]:
    for image, rows in by_image.items():
        worst = sorted(rows, key=lambda row: -distance[row])
        evidence = {
            "kind": kind,
            "annotations": [ids[row] for row in worst],
            "classes": [classes[row] for row in worst],
            "boxes": [[round(side, 3) for side in boxes[row].tolist()] for row in worst],
            "distances": [round(float(distance[row]), 3) for row in worst],
        }
        what = f"{len(rows)} {'boxes' if len(rows) > 1 else 'box'} {_WORDS[kind]}"
        message = f"{what}: {examples(ids[row] for row in worst)}"
        score = round(float(distance[worst[0]]), 3)
        yield Finding("odd_objects", "warning", message, (image,), score, evidence)

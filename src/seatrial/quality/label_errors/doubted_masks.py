"""Findings of the check ``label_errors`` in a segmentation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seatrial.datasets.content import read_all
from seatrial.datasets.mask_image import class_codes
from seatrial.datasets.rle import encode_mask
from seatrial.evaluation import band_width
from seatrial.images import UnreadableImageError, decode_codes, read_bytes
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.label_errors.masks import MaskRegion, doubt_masks
from seatrial.quality.quartiles import fences

__all__ = ["doubted_masks"]

#: Regions that are told with an image, and width of the fence above which an image stands out.
_TOLD, _FENCE = 10, 1.5

_WORDS = {
    "missing": "not annotated",
    "extra": "annotated without reason",
    "wrong_class": "of another class",
    "boundary": "with another outline",
}


def doubted_masks(given: CheckInput) -> Found:
    """Report images whose masks a segmenter contradicts, with the regions where.

    Images that stand out (Tukey's fence, 1.5 interquartile ranges) are warnings; the list is filled up to
    ``label_errors_listed`` with the next in doubt, as notes, as far as a region lies deeper than the band
    along boundaries. The evaluation has to hold the predicted masks.
    """
    table = given.needs_evaluation()
    if given.in_sample:
        raise NotApplicableError("the model was trained on these masks: what it says of them is no evidence")
    if table.masks is None:
        reason = "the evaluation has no predicted masks: evaluate with the adapter's option keep_masks"
        raise NotApplicableError(reason)
    manifest = given.data.manifest
    uris = dict(zip(given.data.ids, given.data.strings("mask"), strict=True))
    masks = zip(*(table.masks.column(name).to_pylist() for name in ("image", "mask")), strict=True)
    pairs = {str(uris[image]): (image, mask) for image, mask in masks if uris.get(image) is not None}
    if not pairs:
        raise NotApplicableError("no image is annotated")

    def judge(uri: str) -> tuple[float, list[MaskRegion], tuple[int, int]]:
        try:
            truth = class_codes(
                read_bytes(uri), len(manifest.classes), manifest.void, foreground=manifest.foreground
            )
            said = decode_codes(pairs[uri][1])
        except UnreadableImageError:
            return 0.0, [], (0, 0)  # a mask that went since it was read
        doubt, regions = doubt_masks(truth, said, manifest.void)
        return doubt, regions, (int(truth.shape[0]), int(truth.shape[1]))

    judged = read_all(list(pairs), judge, "compare masks")
    images = [image for image, _ in pairs.values()]
    doubts = np.array([doubt for doubt, _, _ in judged])
    high = fences(doubts, _FENCE, given.options.outlier_min_n)[2]
    findings: list[Finding] = []
    for row in np.argsort(-doubts, kind="stable").tolist():
        _, regions, size = judged[row]
        deep = [one for one in regions if one.depth > band_width(*size)]
        stands_out = bool(doubts[row] > high)
        if not deep or not (stands_out or len(findings) < given.options.label_errors_listed):
            continue
        severity: Severity = "warning" if stands_out else "info"
        findings.append(_finding(images[row], float(doubts[row]), deep, size, manifest.classes, severity))
    return Found(tuple(findings))


def _finding(
    image: str,
    doubt: float,
    regions: Sequence[MaskRegion],
    size: tuple[int, int],
    classes: Sequence[str],
    severity: Severity,
) -> Finding:
    counts = {kind: sum(one.kind == kind for one in regions) for kind in _WORDS}
    told = ", ".join(f"{count} {_WORDS[kind]}" for kind, count in counts.items() if count)
    evidence: dict[str, Any] = {
        "kind": "mask",
        "regions": len(regions),
        "counts": {kind: count for kind, count in counts.items() if count},
        # a class that only the model has cannot be what the data set should say
        "suggested_boxes": [
            _suggested(one, size, classes) for one in regions[:_TOLD] if one.prediction < len(classes)
        ],
    }
    plural = "regions" if len(regions) > 1 else "region"
    message = f"the model contradicts the mask in {len(regions)} {plural}: {told}"
    return Finding("label_errors", severity, message, (image,), round(doubt, 8), evidence)


def _suggested(region: MaskRegion, size: tuple[int, int], classes: Sequence[str]) -> dict[str, Any]:
    """Give a region as it should be: its mask, in COCO's run-length encoding, with its class."""
    x, y, width, height = region.box
    whole = np.zeros(size, dtype=np.bool_)
    whole[y : y + height, x : x + width] = region.mask
    return {
        "kind": region.kind,
        "class": classes[region.prediction],
        "was_class": classes[region.label],
        **dict(zip(("x", "y", "width", "height"), map(float, region.box), strict=True)),
        "mask": encode_mask(whole).decode("ascii"),
        "pixels": region.pixels,
        "depth": round(region.depth, 1),
        "doubt": round(region.doubt, 8),
    }

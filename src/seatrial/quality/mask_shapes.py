"""Check ``mask_shapes``: slivers and holes that a slip of the hand leaves in masks."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from seatrial.datasets import DatasetManifest
from seatrial.datasets.content import read_all
from seatrial.datasets.mask_image import class_codes
from seatrial.images import UnreadableImageError, decode_codes, read_bytes
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding
from seatrial.quality.mask_slips import MaskSlip, class_slips, instance_slips

__all__ = ["mask_shapes"]

#: A class whose segments are thin this often is thin by nature.
_THIN_BY_NATURE = 0.1

#: Places that are told with an image.
_TOLD = 20


def mask_shapes(given: CheckInput) -> Found:
    """Report slivers and holes in a segmentation's masks, one finding an image and kind.

    In masks of classes, a sliver is a segment smaller than a square of ``mask_speck`` image diagonals, or one
    that is nowhere three pixels wide; a hole is such a segment of the first class, or of void, inside another
    one. Classes of which a tenth of the segments are thin are thin by nature: of them, only what is small is
    reported. Where masks number instances, a hole is one in an instance and a sliver a piece cut off it, of
    less than a tenth of its pixels. The score is how many there are.
    """
    manifest = given.data.manifest
    if manifest.task != "segmentation":
        raise NotApplicableError(f"the data set is for {manifest.task}, it has no masks of classes")
    masked = [(one, uri) for one, uri in zip(given.data.ids, given.data.strings("mask"), strict=True) if uri]
    if not masked:
        raise NotApplicableError("no image has a mask")

    def read(uri: str) -> tuple[list[MaskSlip], Counter[int]]:
        try:
            return _slips(read_bytes(uri), manifest, given.options.mask_speck)
        except UnreadableImageError:
            return [], Counter()  # a mask that went since it was read

    found = read_all([uri for _, uri in masked], read, "look at masks")
    total = sum((counts for _, counts in found), Counter[int]())
    thin = Counter(one.code for slips, _ in found for one in slips if one.thin)
    usual = {code for code, count in total.items() if thin[code] >= _THIN_BY_NATURE * count}
    findings = []
    for (image, _), (slips, _) in zip(masked, found, strict=True):
        kept = [one for one in slips if not (one.thin and one.code in usual)]
        for kind in ("hole", "sliver"):
            chosen = [one for one in kept if one.kind == kind]
            if chosen:
                findings.append(_finding(image, kind, chosen, manifest))
    return Found(tuple(findings))


def _slips(data: bytes, manifest: DatasetManifest, speck: float) -> tuple[list[MaskSlip], Counter[int]]:
    if not manifest.foreground:
        codes = class_codes(data, len(manifest.classes), manifest.void, foreground=False)
        return class_slips(codes, manifest.void, speck)
    numbers = decode_codes(data)
    if manifest.void is not None:
        numbers = np.where(numbers == manifest.void, 0, numbers)
    return list(instance_slips(numbers)), Counter()


def _finding(image: str, kind: str, slips: Sequence[MaskSlip], manifest: DatasetManifest) -> Finding:
    if manifest.foreground:
        names = [manifest.classes[1]]
    else:
        names = sorted({"void" if one.code < 0 else manifest.classes[one.code] for one in slips})
    evidence = {
        "kind": kind,
        "count": len(slips),
        "classes": names,
        "boxes": [list(one.box) for one in slips[:_TOLD]],
        "pixels": [one.pixels for one in slips[:_TOLD]],
    }
    told = f"{len(slips)} {kind}{'s' if len(slips) > 1 else ''}"
    where = "in instances" if manifest.foreground else "in the mask"
    message = f"{told} {where}, of {', '.join(names)}"
    return Finding("mask_shapes", "warning", message, (image,), float(len(slips)), evidence)

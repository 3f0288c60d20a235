"""Truths of any task, as far as checks compare and count them."""

from collections import Counter, defaultdict

import numpy as np

from seatrial.datasets.content import read_all
from seatrial.datasets.mask_image import class_codes
from seatrial.digests import digest_json
from seatrial.images import UnreadableImageError, read_bytes
from seatrial.quality.measured import MeasuredDataset

__all__ = ["UNITS", "class_counts", "truths"]

#: What a class is counted in, by task.
UNITS = {"classification": "samples", "detection": "objects", "segmentation": "images"}


def truths(data: MeasuredDataset) -> list[str | None]:
    """Give each sample's truth as a text that is the same exactly where the truth is; None where unlabelled.

    That is the label, the digest of the mask, or the digest of the objects' classes and boxes.
    """
    match data.manifest.task:
        case "classification":
            return data.strings("label")
        case "segmentation":
            return data.strings("mask_content")
        case "detection":
            return _objects(data)


def class_counts(data: MeasuredDataset) -> Counter[str]:
    """Count samples, objects or images (see :data:`UNITS`) by class, as far as classes occur."""
    match data.manifest.task:
        case "classification":
            return Counter(label for label in data.strings("label") if label is not None)
        case "detection":
            return Counter(_columns(data)["class"])
        case "segmentation":
            return _classes_in_masks(data)


def _columns(data: MeasuredDataset) -> dict[str, list[str]]:
    objects = data.manifest.objects
    names = ("image", "class", "x", "y", "width", "height")
    return {} if objects is None else {name: objects.column(name).to_pylist() for name in names}


def _objects(data: MeasuredDataset) -> list[str | None]:
    found: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for image, *rest in zip(*_columns(data).values(), strict=True):
        found[image].append(tuple(rest))
    return [
        digest_json(sorted(found[one])) if annotated else None
        for one, annotated in zip(data.ids, data.manifest.annotated.tolist(), strict=True)
    ]


def _classes_in_masks(data: MeasuredDataset) -> Counter[str]:
    manifest = data.manifest
    uris = [uri for uri in data.strings("mask") if uri is not None]

    def occurring(uri: str) -> list[int]:
        try:
            codes = class_codes(
                read_bytes(uri), len(manifest.classes), manifest.void, foreground=manifest.foreground
            )
        except UnreadableImageError:
            return []  # a mask that went since it was read
        return [int(code) for code in np.unique(codes) if code != manifest.void]

    found = read_all(uris, occurring, "count classes")
    return Counter(manifest.classes[code] for codes in found for code in codes)

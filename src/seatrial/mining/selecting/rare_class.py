"""The class by which an image is counted, whatever the task."""

from collections import Counter

import numpy as np
import pyarrow as pa

from seatrial.datasets import DatasetManifest
from seatrial.datasets.content import read_all
from seatrial.datasets.mask_image import class_codes
from seatrial.images import UnreadableImageError, read_bytes

__all__ = ["rarest_class"]


def rarest_class(manifest: DatasetManifest) -> pa.Array:
    """Give each image's class: its label, or of the classes that it shows the one that fewest images show.

    An image of a rare object beside common ones so counts for the rare one, of which there is little.

    Args:
        manifest: The data set.

    Returns:
        Strings; null where an image is unlabelled or shows no object.
    """
    if manifest.task == "classification":
        return manifest.table.column("label").combine_chunks()
    shown = _in_objects(manifest) if manifest.task == "detection" else _in_masks(manifest)
    images = Counter(name for names in shown for name in names)
    place = {name: number for number, name in enumerate(manifest.classes)}
    return pa.array(
        [min(names, key=lambda one: (images[one], place[one]), default=None) for names in shown], pa.string()
    )


def _in_objects(manifest: DatasetManifest) -> list[set[str]]:
    found: dict[str, set[str]] = {one: set() for one in manifest.table.column("id").to_pylist()}
    if manifest.objects is not None:
        columns = (manifest.objects.column(name).to_pylist() for name in ("image", "class"))
        for image, name in zip(*columns, strict=True):
            found[image].add(name)
    return list(found.values())


def _in_masks(manifest: DatasetManifest) -> list[set[str]]:
    uris = manifest.table.column("mask").to_pylist()

    def occurring(uri: str) -> set[str]:
        try:
            codes = class_codes(
                read_bytes(uri), len(manifest.classes), manifest.void, foreground=manifest.foreground
            )
        except UnreadableImageError:
            return set()
        return {manifest.classes[code] for code in np.unique(codes).tolist() if code != manifest.void}

    found = iter(read_all([uri for uri in uris if uri is not None], occurring, "read masks"))
    return [set() if uri is None else next(found) for uri in uris]

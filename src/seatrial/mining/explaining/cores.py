"""What is core in each image: where the model ought to look."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest, read_dataset
from seatrial.datasets.mask_image import class_codes
from seatrial.errors import InputError, examples
from seatrial.spelling import unknown

__all__ = ["Core", "CoreSource"]

Box = tuple[float, float, float, float]
ReadCodes = Callable[[bytes], NDArray[np.integer[Any]]]

#: In front of the name of a column that holds the places of masks.
COLUMN = "column:"

_BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Core:
    """What is core in one image: pixels of some codes of a mask, or boxes; neither where that is unknown.

    Attributes:
        mask: Where the mask is.
        codes: Its codes that are core.
        boxes: x, y, width and height in pixels; their union is core.
    """

    mask: str | None = None
    codes: tuple[int, ...] = ()
    boxes: tuple[Box, ...] | None = None


@dataclass(frozen=True)
class CoreSource:
    """Knows what is core, by the image's id.

    Attributes:
        name: The specification, or what stands for it.
        digest: Digest of what says so.
        cores: By id of the image; images that are not there have no core.
        read: Decodes the masks; None where there are none.
        of_unit: Whether each object is its own core, and each class of a segmentation that of its pixels.
    """

    name: str
    digest: str
    cores: dict[str, Core] = field(default_factory=dict)
    read: ReadCodes | None = None
    of_unit: bool = False

    @classmethod
    def of(cls, spec: str | None, manifest: DatasetManifest) -> "CoreSource":
        """Find out what is core.

        Args:
            spec: A data set of the same images with boxes or masks (``coco:core.json``, ``masks:core``), or
                ``column:NAME``, a column of the manifest with the places of mask images, in which what is not
                0 is core. None takes the truth: objects their own boxes, classes their own pixels; a
                classification has no core then.
            manifest: The evaluated data set.

        Raises:
            InputError: The specification cannot be read, is of a classification, or knows none of the images.
        """
        if spec is None:
            return _of_truth(manifest)
        if spec.startswith(COLUMN):
            return _of_column(spec, manifest)
        given = read_dataset(spec)
        if given.task == "classification":
            raise InputError(f"core {spec!r}: expected boxes or masks, got labels of whole images")
        found = _of_boxes(spec, given) if given.task == "detection" else _of_masks(spec, given)
        ids = set(manifest.table.column("id").to_pylist())
        if not ids & set(found.cores):
            ours, theirs = examples(sorted(ids), most=2), examples(sorted(found.cores), most=2)
            raise InputError(
                f"core {spec!r}: knows none of the images of {manifest.name!r}: expected ids like {ours}, "
                f"got {theirs}"
            )
        return found

    def core(self, id_: str, target: int, box: Box | None) -> Core:
        """Say what is core for one unit.

        Args:
            id_: The image.
            target: Code of the class whose score is explained.
            box: Of a true object; None for an image, or for what is nothing.
        """
        known = self.cores.get(id_, Core())
        if not self.of_unit:
            return known
        if known.mask is not None:
            return Core(known.mask, (target,))
        return Core(boxes=None if box is None else (box,))


def _of_truth(manifest: DatasetManifest) -> CoreSource:
    match manifest.task:
        case "segmentation":
            return _of_masks("the truth", manifest, of_unit=True)
        case "detection":
            return CoreSource("the truth", manifest.digest, of_unit=True)
        case "classification":
            return CoreSource("none", "")


def _of_boxes(name: str, given: DatasetManifest) -> CoreSource:
    assert given.objects is not None
    boxes: dict[str, list[Box]] = {}
    rows = given.objects.select(["image", "x", "y", "width", "height", "crowd", "ignore"]).to_pylist()
    for row in rows:
        if not (row["crowd"] or row["ignore"]):
            box = (row["x"], row["y"], row["width"], row["height"])
            boxes.setdefault(row["image"], []).append(box)
    return CoreSource(name, given.digest, {one: Core(boxes=tuple(found)) for one, found in boxes.items()})


def _of_masks(name: str, given: DatasetManifest, *, of_unit: bool = False) -> CoreSource:
    codes = tuple(code for code, one in enumerate(given.classes) if one.lower() != _BACKGROUND)
    if given.foreground:
        codes = (1,)
    if not of_unit and len(codes) == len(given.classes):
        raise InputError(
            f"core {name!r}: expected a class {_BACKGROUND!r} beside what is core, "
            f"got {examples(given.classes)}"
        )
    read = partial(class_codes, classes=len(given.classes), void=given.void, foreground=given.foreground)
    table = given.table
    masks = zip(table.column("id").to_pylist(), table.column("mask").to_pylist(), strict=True)
    cores = {one: Core(mask, codes) for one, mask in masks if mask is not None}
    return CoreSource(name, given.digest, cores, read, of_unit)


def _of_column(spec: str, manifest: DatasetManifest) -> CoreSource:
    column = spec.removeprefix(COLUMN)
    if column not in manifest.metadata:
        raise InputError(f"core {spec!r}: {unknown('column', column, manifest.metadata)}")
    values = manifest.table.column(column).to_pylist()
    for row, value in enumerate(values, start=1):
        if value is not None and not isinstance(value, str):
            raise InputError(
                f"data set {manifest.name!r}, row {row}, column {column!r}: expected the place of a mask "
                f"image, got {value!r}"
            )
    read = partial(class_codes, classes=2, void=None, foreground=True)
    masks = zip(manifest.table.column("id").to_pylist(), values, strict=True)
    cores = {one: Core(mask, (1,)) for one, mask in masks if mask}
    return CoreSource(spec, manifest.digest, cores, read)

"""COCO's annotations as objects: boxes, masks, flags and attributes."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from seatrial.datasets.coco.document import Document
from seatrial.datasets.object_rows import ObjectRow, Size, raise_faults
from seatrial.datasets.problems import Problems
from seatrial.datasets.rle import BadMaskError, from_polygons, from_rle, mask_box
from seatrial.errors import examples
from seatrial.progress import Advance, progress

__all__ = ["annotation_rows", "box_of", "encoded_mask"]

# fields with a meaning of their own; all others are attributes
_KNOWN = frozenset(
    {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "ignore", "segmentation", "attributes"}
)

# how tools write that a flag is set; 1.0 equals 1, as does true
_YES = (1, "1", "true")

_Box = tuple[float, float, float, float]

# a polygon of fewer numbers encloses nothing, and pycocotools takes four of them for a box
_FEWEST_NUMBERS = 6

# fewer annotations than this are read in no time
_MANY = 20_000


def annotation_rows(
    document: Document,
    images: Mapping[str, str],
    sizes: Mapping[str, Size | None],
    noted: Problems,
    *,
    masks: bool,
) -> list[ObjectRow]:
    """Make objects of the annotations, in the file's order.

    Args:
        document: The instances file.
        images: Ids of our images by COCO's, as text.
        sizes: Width and height of each of our images; None where not known.
        noted: Where problems are noted.
        masks: Whether segmentations are read.

    Raises:
        InputError: An annotation is of an unknown category, has no usable box, or a mask that does not
            decode or is of another size than its image.
    """
    faults: dict[str, list[str]] = {}
    rows = []
    with _advancing(len(document.annotations)) as advance:
        for number, annotation in enumerate(document.annotations):
            row = _row(document, number, annotation, (images, sizes), noted, faults, masks=masks)
            if row is not None:
                rows.append(row)
            advance(1)
    for expected, found in faults.items():
        raise_faults(document.path, expected, found)
    return rows


def _advancing(total: int) -> AbstractContextManager[Advance]:
    return progress("read annotations", total, "annotations") if total > _MANY else nullcontext(_ignore)


def _ignore(_: int) -> None:
    """Show nothing."""


def _row(
    document: Document,
    number: int,
    annotation: dict[str, Any],
    known: tuple[Mapping[str, str], Mapping[str, Size | None]],
    noted: Problems,
    faults: dict[str, list[str]],
    *,
    masks: bool,
) -> ObjectRow | None:
    images, sizes = known
    key = annotation.get("id")
    where = f"annotations[{number}]" if key is None else f"annotation {key}"
    image = images.get(str(annotation.get("image_id")))
    if image is None:
        noted.add("annotation_of_unknown_image", f"{where}: image_id {annotation.get('image_id')!r}")
        return None
    label = document.categories.get(_hashable(annotation.get("category_id")))
    if label is None:
        expected = f"category ids of {examples(document.categories)}"
        faults.setdefault(expected, []).append(f"{where}: category_id {annotation.get('category_id')!r}")
        return None
    mask = None
    if masks:
        try:
            mask = encoded_mask(annotation.get("segmentation"), sizes[image], where, image, noted)
        except BadMaskError as error:
            hint = "masks that can be used (?masks=no reads boxes only)"
            faults.setdefault(hint, []).append(f"{where} of {image!r}, segmentation: {error}")
            return None
    box = box_of(annotation.get("bbox"))
    if box is None and annotation.get("bbox") is None and mask is not None:
        box = mask_box(mask, *_height_width(sizes[image]))
    if box is None:
        faults.setdefault("a bbox of four numbers", []).append(f"{where}: {annotation.get('bbox')!r:.80}")
        return None
    _note_fields(annotation, key, where, image, noted)
    return ObjectRow(
        where=where,
        image=image,
        annotation=f"#{number}" if key is None else str(key),
        label=label,
        box=box,
        area=_area(annotation),
        crowd=annotation.get("iscrowd") in _YES,
        ignore=annotation.get("ignore") in _YES,
        mask=mask,
        attributes=_attributes(annotation),
    )


def encoded_mask(
    segmentation: Any, size: Size | None, where: str, image: str, noted: Problems
) -> bytes | None:
    """Encode a segmentation: polygons, or a run-length encoding; None where there is none.

    Raises:
        BadMaskError: It is something else, or is not of the image's size.
    """
    if not segmentation:
        return None
    height, width = _height_width(size)
    if isinstance(segmentation, Mapping):
        return from_rle(segmentation, height, width)
    if not isinstance(segmentation, list) or not all(_is_polygon(one) for one in segmentation):
        raise BadMaskError(f"expected polygons of numbers or a run-length encoding, got {segmentation!r:.80}")
    whole = [one for one in segmentation if len(one) >= _FEWEST_NUMBERS]
    for one in segmentation:
        if len(one) < _FEWEST_NUMBERS:
            noted.add("polygon_left_out", f"{where}: {one}", image)
    return from_polygons(whole, height, width) if whole else None


def box_of(given: Any) -> _Box | None:
    """Give a box as four numbers, be they finite or not; None where it is something else."""
    if not isinstance(given, list | tuple) or len(given) != 4:  # noqa: PLR2004 - x, y, width, height
        return None
    numbers = [_number(one) for one in given]
    if None in numbers:
        return None
    x, y, width, height = numbers
    return (x, y, width, height)  # type: ignore[return-value]  # none of them is None


def _height_width(size: Size | None) -> tuple[int, int]:
    if size is None:
        raise BadMaskError("expected width and height of the image, which the file does not say")
    return size[1], size[0]


def _is_polygon(given: Any) -> bool:
    return (
        isinstance(given, list)
        and len(given) % 2 == 0
        and all(_number(one) is not None and abs(one) < float("inf") for one in given)
    )


def _number(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None


def _area(annotation: Mapping[str, Any]) -> float | None:
    """Give the area; None where it is missing, no number, or not one that an area can be."""
    area = _number(annotation.get("area"))
    return area if area is not None and 0 <= area < float("inf") else None


def _hashable(given: Any) -> object:
    return given if isinstance(given, int | str) else None


def _note_fields(annotation: Mapping[str, Any], key: object, where: str, image: str, noted: Problems) -> None:
    if key is None:
        noted.add("annotation_id_missing", where, image)
    elif str(key) == "0":
        noted.add("annotation_id_zero", f"{where} of {image!r}", image)
    if annotation.get("iscrowd") is None:
        noted.add("iscrowd_missing", where, image)
    if _area(annotation) is None:
        noted.add("area_missing", where, image)


def _attributes(annotation: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in annotation.items() if name not in _KNOWN}
    nested = annotation.get("attributes")
    if isinstance(nested, Mapping):
        return {**found, **{str(name): value for name, value in nested.items()}}
    return found if nested is None else {**found, "attributes": nested}

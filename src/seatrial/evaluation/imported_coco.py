"""Detections in COCO's results format."""

from collections.abc import Mapping
from typing import Any

from seatrial.datasets import DatasetManifest, DatasetSpec
from seatrial.datasets.coco.annotations import box_of, encoded_mask
from seatrial.datasets.coco.document import category_names, load_json, records
from seatrial.datasets.object_rows import raise_faults
from seatrial.datasets.problems import Problems
from seatrial.datasets.rle import BadMaskError, mask_box
from seatrial.errors import InputError, examples
from seatrial.evaluation.imported_objects import DetectionRow, Images

__all__ = ["COCO_OPTIONS", "coco_detections"]

COCO_OPTIONS = ("categories", "first", "others", "scores")


def coco_detections(
    spec: DatasetSpec, manifest: DatasetManifest, categories: Mapping[object, str] | None, noted: Problems
) -> list[DetectionRow]:
    """Read a results file: a list of detections, or a file of images, categories and annotations with scores.

    Each detection has ``image_id``, ``category_id``, ``score``, and ``bbox`` or ``segmentation`` or both. A
    box that is absent is the one around the mask.

    Args:
        spec: The file as ``predictions:FILE?key=value``.
        manifest: What the predictions are of.
        categories: Class names by category id as the data set's own file has them; None where it has none.
        noted: Where problems are noted.

    Raises:
        InputError: A detection's category is unknown, or its box, mask or score is none.
    """
    body = load_json(spec.path)
    names: dict[str, str] = {}
    if isinstance(body, dict):
        found = records(spec.path, body, "annotations")
        names = {str(one.get("id")): str(one.get("file_name")) for one in body.get("images") or ()}
        if "categories" in body and not {"categories", "first"} & spec.options.keys():
            categories = category_names(spec.path, records(spec.path, body, "categories"))
    else:
        found = records(spec.path, {"results": body}, "results")
    classes = _codes(spec, manifest, categories)
    images = Images(manifest, names)
    faults: dict[str, list[str]] = {}
    rows = []
    for number, one in enumerate(found):
        row = _detection(spec, f"prediction {number}", one, (images, classes), noted, faults)
        if row is not None:
            rows.append(row)
    for expected, cases in faults.items():
        raise_faults(spec.path, expected, cases)
    return rows


def _codes(
    spec: DatasetSpec, manifest: DatasetManifest, categories: Mapping[object, str] | None
) -> dict[object, int | None]:
    """Give class codes by category id; None for a category that is no class of the data set."""
    codes = {name: code for code, name in enumerate(manifest.classes)}
    first = spec.options.get("first")
    if first is not None:
        if not first.isdecimal():
            raise InputError(f"{spec.path}: option first: expected the id of the first class, got {first!r}")
        return {code + int(first): code for code in codes.values()}
    path = spec.options.get("categories")
    if path is not None:
        body = load_json(path)
        categories = category_names(path, records(path, body if isinstance(body, dict) else {}, "categories"))
    if categories is None:
        raise InputError(
            f"{spec.path}: nothing says which class a category_id is: name a file with COCO's categories by "
            "categories=FILE.json, or the category_id of the first class by first=0 or first=1"
        )
    return {key: codes.get(name) for key, name in categories.items()}


def _detection(
    spec: DatasetSpec,
    where: str,
    one: Mapping[str, Any],
    known: tuple[Images, Mapping[object, int | None]],
    noted: Problems,
    faults: dict[str, list[str]],
) -> DetectionRow | None:
    images, classes = known
    row = images.find(one.get("image_id"))
    if row is None:
        noted.add("prediction_of_unknown_image", f"{where}: image_id {one.get('image_id')!r}")
        return None
    category = one.get("category_id")
    code = classes.get(category) if isinstance(category, int | str) else None
    if code is None:
        case = f"{where}: category_id {category!r}"
        if spec.options.get("others") == "drop":
            noted.add("prediction_of_other_class", case)
        else:
            expected = [key for key, known_code in classes.items() if known_code is not None]
            faults.setdefault(
                f"category ids of {examples(expected)} (others=drop leaves out all others)", []
            ).append(case)
        return None
    size = images.sizes[row]
    try:
        mask = encoded_mask(one.get("segmentation"), size, where, images.ids[row], noted)
    except BadMaskError as error:
        faults.setdefault("masks that can be used", []).append(f"{where}, segmentation: {error}")
        return None
    box = box_of(one.get("bbox"))
    if box is None and one.get("bbox") is None and mask is not None and size is not None:
        box = mask_box(mask, size[1], size[0])
    score = one.get("score")
    if box is None:
        faults.setdefault("a bbox of four numbers", []).append(f"{where}: {one.get('bbox')!r:.80}")
    elif not isinstance(score, int | float) or isinstance(score, bool):
        faults.setdefault("scores", []).append(f"{where}: {score!r:.40}")
    else:
        return DetectionRow(where, row, code, box, float(score), mask)
    return None

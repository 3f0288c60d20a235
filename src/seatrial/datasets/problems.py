"""What a reader noticed and kept or left out: named, counted and told, never silently dropped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["BOX_PROBLEMS", "Problem", "Problems"]

_SHOWN = 5

#: Kinds of problems, with what is the matter and what was done about it.
_KINDS: Mapping[str, tuple[Literal["warning", "info"], str]] = {
    "box_outside": ("warning", "boxes reach outside of their image; they are kept as they are"),
    "box_empty": ("warning", "boxes have no area; they are kept, and nothing can match them"),
    "boxes_look_like_corners": (
        "warning",
        "boxes look like x1, y1, x2, y2 where x, y, width, height are expected; they are read as the latter",
    ),
    "boxes_look_like_sizes": (
        "warning",
        "boxes look like x, y, width, height where x1, y1, x2, y2 are expected; they are read as the latter",
    ),
    "annotation_id_repeated": ("warning", "annotation ids are used again; the objects are kept, renamed"),
    "annotation_id_zero": ("info", "annotation has the id 0, which other COCO tools take for no match"),
    "annotation_id_missing": ("info", "annotations have no id; they are named by their position"),
    "annotation_of_unknown_image": ("warning", "annotations are of images that are not listed; left out"),
    "iscrowd_missing": ("info", "annotations have no iscrowd; taken as 0"),
    "area_missing": (
        "info",
        "annotations have no area that can be; the mask's or else the box's is taken",
    ),
    "polygon_left_out": ("warning", "polygons have fewer than three points; they are left out of the mask"),
    "mask_missing": ("warning", "objects have no mask where others have one; only their boxes can be judged"),
    "image_size": ("warning", "images are of another size than the annotations say; the file's is taken"),
    "image_missing": ("warning", "annotated images are not among the files; they cannot be evaluated"),
    "image_without_truth": ("warning", "images have no annotation; they are taken as unlabelled"),
    "image_without_labels": ("info", "images have no label file; taken as free of objects, as YOLO does"),
    "truth_without_image": ("warning", "annotation files belong to no image; left out"),
    "id_repeated": ("warning", "rows have the id of an earlier row; they are left out"),
    "image_named_twice": ("warning", "rows name an image file that an earlier row names; they are kept"),
    "paths_mixed": ("info", "paths are absolute where others are relative; they are read as they are"),
    "name_not_text": ("warning", "files have names that are not UTF-8; they are left out: rename them"),
    "metadata_without_image": ("info", "rows of the metadata belong to no image; left out"),
    "image_without_metadata": ("warning", "images have no row in the metadata; their values are missing"),
    "field_renamed": ("info", "fields are called like a column of Seatrial's; renamed"),
    "property_measured": (
        "info",
        "columns are called like a property of images; where those are measured, that is what counts",
    ),
    "prediction_of_unknown_image": ("warning", "predictions are of images outside of the data set; left out"),
    "prediction_of_other_class": ("warning", "predictions are of classes outside of the data set; left out"),
    "scores_equal": ("warning", "predictions all have the same score, so that nothing ranks them"),
}

#: Problems of boxes, which the data check ``object_boxes`` finds itself.
BOX_PROBLEMS = ("box_outside", "box_empty")


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem in a data set or in predictions.

    Attributes:
        kind: Its name, e.g. ``"box_outside"``.
        severity: ``"warning"`` where numbers may suffer, else ``"info"``.
        what: What is the matter and what was done about it.
        cases: Each case: where it is and what is there.
        images: Ids of the images concerned, each once.
    """

    kind: str
    severity: Literal["warning", "info"]
    what: str
    cases: tuple[str, ...]
    images: tuple[str, ...]

    def __str__(self) -> str:
        """Write one line: how many, what, at most five cases."""
        more = f"; and {len(self.cases) - _SHOWN} more" if len(self.cases) > _SHOWN else ""
        return f"{len(self.cases)} {self.what}: {'; '.join(self.cases[:_SHOWN])}{more}"


@dataclass
class Problems:
    """Collects problems while files are read."""

    _found: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)

    def add(self, kind: str, case: str, image: str | None = None) -> None:
        """Note one case of a kind, and the image that it concerns."""
        self._found.setdefault(kind, []).append((case, image))

    def __bool__(self) -> bool:
        return bool(self._found)

    def all(self) -> tuple[Problem, ...]:
        """Give every kind of problem, warnings first, in the order in which they were found."""
        problems = [
            Problem(
                kind,
                *_KINDS[kind],
                tuple(case for case, _ in found),
                tuple(dict.fromkeys(image for _, image in found if image is not None)),
            )
            for kind, found in self._found.items()
        ]
        return tuple(sorted(problems, key=lambda one: one.severity != "warning"))

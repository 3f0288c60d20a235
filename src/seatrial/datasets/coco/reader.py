"""Read ``coco:FILE.json``."""

from typing import Any

import pyarrow as pa

from seatrial.datasets.classes import known_classes
from seatrial.datasets.coco.annotations import annotation_rows
from seatrial.datasets.coco.document import Document, load_document
from seatrial.datasets.image_rows import IMAGE_OPTIONS, ImageRow, image_table, open_images
from seatrial.datasets.listing import is_folder, place
from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.object_rows import object_table
from seatrial.datasets.options import check_options, dataset_name, yes_or_no
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError

__all__ = ["read"]

_OPTIONS = (*IMAGE_OPTIONS, "images", "masks")

# fields of an image with a meaning of their own; all others are metadata
_KNOWN = frozenset({"id", "file_name", "width", "height"})


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``coco:FILE.json``, an instances file.

    An image's id is its ``file_name``; COCO's id stays as the metadata column ``image_id``, as text. Classes
    are the categories in the order of their ids. Boxes, areas, crowds, ignores and masks are taken over;
    every other field of images and annotations stays as metadata or attribute, those under ``attributes``
    by their own names.

    Options: ``images`` (folder of the images, as it is or below the file's folder; default: the file's
    folder; ``images=`` says that there are none), ``masks=no`` (boxes only), ``name``, ``classes``,
    ``metadata``, ``key``, ``group``.

    Raises:
        InputError: The file or an option cannot be used, an annotation is of an unknown category, or a
            box or mask is none.
    """
    check_options(spec, _OPTIONS)
    document = load_document(spec.path)
    noted = Problems()
    rows = open_images(sorted(_image_rows(spec, document), key=lambda one: one.id), noted)
    ids = [row.id for row in rows]
    sizes = {row.id: row.size for row in rows}
    names = {str(one["id"]): one["file_name"] for one in document.images}
    objects = annotation_rows(document, names, sizes, noted, masks=yes_or_no(spec, "masks", default=True))
    table = image_table(spec, rows, {"annotated": pa.array([True] * len(rows))}, noted)
    return DatasetManifest(
        dataset_name(spec),
        "detection",
        known_classes(spec, tuple(document.categories.values())),
        table,
        object_table(spec.path, ids, sizes, objects, noted),
        problems=noted.all(),
    )


def _image_rows(spec: DatasetSpec, document: Document) -> list[ImageRow]:
    folder = _folder(spec)
    return [
        ImageRow(
            one["file_name"],
            None if folder is None else f"{folder.rstrip('/')}/{one['file_name']}",
            _size(document, one),
            {
                "image_id": str(one["id"]),
                **{name: value for name, value in one.items() if name not in _KNOWN},
            },
        )
        for one in document.images
    ]


def _folder(spec: DatasetSpec) -> str | None:
    base = spec.path.rpartition("/")[0] or "."
    given = spec.options.get("images")
    if given == "":
        return None
    folder = base if given is None else place(base, given)
    if not is_folder(folder):
        raise InputError(
            f"data set {spec}: no such folder of images: {folder}; ?images= reads without images"
        )
    return folder


def _size(document: Document, image: dict[str, Any]) -> tuple[int, int] | None:
    size = (image.get("width"), image.get("height"))
    if size == (None, None):
        return None
    if not all(isinstance(one, int) and one > 0 for one in size):
        raise InputError(
            f"{document.path}, image {image['id']}: expected width and height in pixels, got {size}"
        )
    return size  # type: ignore[return-value]  # both are whole numbers

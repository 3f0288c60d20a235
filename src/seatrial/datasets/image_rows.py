"""From image files to the table of images that the readers of annotation files share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from seatrial.datasets.columns import columns_of
from seatrial.datasets.content import ImageFile, image_files
from seatrial.datasets.image_index import ImageIndex
from seatrial.datasets.manifest import RESERVED
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.tabular import read_table
from seatrial.datasets.vocabulary import label_text
from seatrial.errors import InputError, examples

__all__ = ["IMAGE_OPTIONS", "ImageRow", "image_table", "open_images"]

#: Options of every reader that makes its images' table here.
IMAGE_OPTIONS = ("name", "classes", "metadata", "key", "group")

#: What the name of an image's field begins with where it would be the name of another column.
_PREFIX = "image_"

# columns that name an image in a table of metadata, unless the option ``key`` says which
_KEYS = ("id", "image", "file_name", "filename", "image_id")


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image.

    Attributes:
        id: Its id: the path of its file below the folder of images.
        uri: Where its file is; None where there are no images.
        size: Width and height that the annotations say; None where they do not.
        fields: Metadata.
        content: Digest of the file's bytes; None where it was not read.
    """

    id: str
    uri: str | None
    size: tuple[int, int] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    content: str | None = None


def open_images(rows: Sequence[ImageRow], noted: Problems) -> list[ImageRow]:
    """Read the images' files once: their digests, and their sizes, which go before what annotations say.

    Raises:
        InputError: There are images, but not one of them can be read.
    """
    there = [row for row in rows if row.uri is not None]
    files = dict(zip((row.id for row in there), image_files([str(row.uri) for row in there]), strict=True))
    return [_opened(row, files.get(row.id), noted) for row in rows]


def _opened(row: ImageRow, file: ImageFile | None, noted: Problems) -> ImageRow:
    if file is None:
        return row
    if file.content is None:
        noted.add("image_missing", f"{row.id}: cannot be read", row.id)
    if file.size is not None and row.size is not None and file.size != row.size:
        said, found = ("×".join(map(str, one)) for one in (row.size, file.size))
        turned = ", turned by its EXIF orientation" if file.size == row.size[::-1] else ""
        noted.add("image_size", f"{row.id}: {found} pixels{turned}, {said} are said", row.id)
    return replace(row, size=file.size or row.size, content=file.content)


def image_table(
    spec: DatasetSpec, rows: Sequence[ImageRow], truth: Mapping[str, pa.Array], noted: Problems
) -> pa.Table:
    """Make the table of images.

    The option ``metadata`` names a table with further columns, ``key`` its column that names images,
    ``group`` the field or column of images that belong together.

    Args:
        spec: The data set's specification.
        rows: The images.
        truth: The task's columns, a value an image.
        noted: Where problems are noted.

    Returns:
        ``id``, ``uri``, the truth, ``group``, ``content``, ``width``, ``height``, then metadata.

    Raises:
        InputError: The table of metadata cannot be used, or there is no field ``group``.
    """
    ids = [row.id for row in rows]
    sizes = np.array([row.size or (np.nan, np.nan) for row in rows], dtype=np.float64).reshape(-1, 2)
    first = {
        "id": pa.array(ids, pa.string()),
        "uri": pa.array([row.uri for row in rows], pa.string()),
        **truth,
        "group": pa.nulls(len(rows), pa.string()),
        "content": pa.array([row.content for row in rows], pa.string()),
        "width": pa.array(sizes[:, 0], from_pandas=True),
        "height": pa.array(sizes[:, 1], from_pandas=True),
    }
    taken = {*RESERVED, *first}
    fields, group = _fields_and_group(spec, rows, noted)
    _drop_known_sizes(fields, rows)
    if group is not None:
        first["group"] = pa.array([label_text(one) for one in group], pa.string())
    return pa.table(first | columns_of(fields, taken, _PREFIX, noted))


def _drop_known_sizes(fields: list[dict[str, Any]], rows: Sequence[ImageRow]) -> None:
    """Drop metadata of width and height that says what is known."""
    for side, name in enumerate(("width", "height")):
        known = [None if row.size is None else row.size[side] for row in rows]
        if all(one.get(name) in {None, there} for one, there in zip(fields, known, strict=True)):
            for one in fields:
                one.pop(name, None)


def _fields_and_group(
    spec: DatasetSpec, rows: Sequence[ImageRow], noted: Problems
) -> tuple[list[dict[str, Any]], list[Any] | None]:
    fields = [dict(row.fields) for row in rows]
    path = spec.options.get("metadata")
    if path is not None:
        index = ImageIndex([row.id for row in rows], [row.fields.get("image_id") for row in rows])
        for one, added in zip(fields, _metadata(spec, path, index, rows, noted), strict=True):
            one.update(added)
    column = spec.options.get("group")
    if column is None:
        return fields, None
    names = sorted({name for one in fields for name in one})
    if column not in names:
        raise InputError(f"data set {spec}: no field {column!r} to group by; images have {examples(names)}")
    groups = [one.get(column) for one in fields]
    if column in RESERVED:
        for one in fields:
            one.pop(column, None)
    return fields, groups


def _metadata(
    spec: DatasetSpec, path: str, index: ImageIndex, rows: Sequence[ImageRow], noted: Problems
) -> list[dict[str, Any]]:
    key = spec.options.get("key")
    table = read_table(path, names=(key, *_KEYS, spec.options.get("group")))
    if key is None:
        key = next((name for name in _KEYS if name in table.column_names), None)
    if key is None or key not in table.column_names:
        wanted = f"column {key!r}" if key is not None else f"column of image names ({', '.join(_KEYS)})"
        raise InputError(
            f"{path}: no {wanted}; columns are {', '.join(table.column_names)}; name it with key=COLUMN"
        )
    found: list[dict[str, Any] | None] = [None] * len(rows)
    for number, one in enumerate(_plain(table).to_pylist(), start=1):
        name = one.pop(key)
        row = None if name is None else index.find(name)
        if row is None:
            noted.add("metadata_without_image", f"row {number}: {name!r}")
        elif found[row] is not None:
            raise InputError(f"{path}, row {number}: expected one row an image, got {name!r} again")
        else:
            found[row] = one
    for image, there in zip(rows, found, strict=True):
        if there is None:
            noted.add("image_without_metadata", image.id, image.id)
    return [one or {} for one in found]


def _plain(table: pa.Table) -> pa.Table:
    """Give dates and other values that no JSON holds as text."""
    for number, column in enumerate(table.schema):
        if pa.types.is_temporal(column.type) or pa.types.is_decimal(column.type):
            table = table.set_column(number, column.name, table.column(number).cast(pa.string()))
    return table

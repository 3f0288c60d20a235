"""Reader ``table:``: a Parquet or CSV file with an image column, a label column and any metadata."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from seatrial.datasets.content import content_digests
from seatrial.datasets.manifest import RESERVED, DatasetManifest
from seatrial.datasets.options import check_options, dataset_name
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.tabular import column_text, read_table
from seatrial.datasets.vocabulary import class_names, label_text
from seatrial.errors import InputError, examples

__all__ = ["read"]

# types of metadata that stay as they are, and those that are written as text
_KEPT = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string)
_AS_TEXT = (pa.types.is_temporal, pa.types.is_large_string, pa.types.is_decimal, pa.types.is_null)

_OPTIONS = ("image", "label", "id", "group", "root", "name", "classes")


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``table:FILE.parquet`` or ``table:FILE.csv``.

    Options: ``image`` (column of paths or URIs, relative to the file's folder or to ``root``; default
    ``image``; ``image=`` says that there are no images, only metadata for imported predictions),
    ``label`` (default ``label``; ``label=`` says that the images are unlabelled), ``id`` (default: the
    image column), ``group``, ``root``, ``name``, ``classes``. Every other column is metadata: strings,
    numbers, booleans, dates (read as text).

    Raises:
        InputError: The file or a column is absent, a row has no image or id, a column's type cannot be
            metadata, or a label is not one of ``classes``; the message names row and column.
    """
    check_options(spec, _OPTIONS)
    image, label = spec.options.get("image", "image"), spec.options.get("label", "label")
    group, id_ = spec.options.get("group"), spec.options.get("id") or image
    table = read_table(spec.path, names=(label, group, spec.options.get("id")))
    if not id_:
        raise InputError(f"data set {spec}: without an image column, name the column of ids with id=COLUMN")
    for option, column in (("image", image), ("label", label), ("group", group), ("id", id_)):
        if column and column not in table.column_names:
            found = ", ".join(table.column_names)
            raise InputError(f"{spec.path}: no column {column!r} (option {option}); columns are {found}")
    noted = Problems()
    ids = column_text(spec.path, table, id_)
    kept = _first_of_each(ids, noted)
    if len(kept) < len(ids):
        table, ids = table.take(pa.array(kept)), [ids[row] for row in kept]
    labels = _optional(table, label)
    classes = class_names(spec, labels)
    _check_labels(spec, label, labels, classes)
    uris = _uris(spec, table, image, ids, noted) if image else None
    nothing: list[str | None] = [None] * table.num_rows
    columns = {
        "id": pa.array(ids, pa.string()),
        "uri": pa.array(uris or nothing, pa.string()),
        "label": pa.array(labels, pa.string()),
        "group": pa.array(_optional(table, group), pa.string()),
        "content": pa.array(content_digests(uris) if uris else nothing, pa.string()),
    }
    taken = {image, label, id_} | ({group} & set(RESERVED))
    for name in table.column_names:
        if name not in taken:
            columns[name] = _metadata(spec, table, name)
    return DatasetManifest(
        dataset_name(spec), "classification", classes, pa.table(columns), problems=noted.all()
    )


def _first_of_each(ids: Sequence[str], noted: Problems) -> list[int]:
    """Give the rows whose id no earlier row has; the others are noted."""
    first: dict[str, int] = {}
    for row, one in enumerate(ids):
        if first.setdefault(one, row) != row:
            noted.add("id_repeated", f"row {row + 1}: {one!r} as in row {first[one] + 1}", one)
    return list(first.values())


def _optional(table: pa.Table, column: str | None) -> list[str | None]:
    if not column:
        return [None] * table.num_rows
    return [label_text(value) for value in table.column(column).to_pylist()]


def _uris(spec: DatasetSpec, table: pa.Table, column: str, ids: Sequence[str], noted: Problems) -> list[str]:
    kind = table.schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise InputError(f"{spec.path}, column {column!r}: expected paths or URIs as text, got {kind}")
    folder = spec.options.get("root") or spec.path.rpartition("/")[0] or "."
    values = column_text(spec.path, table, column)
    whole = ["://" in value or value.startswith("/") for value in values]
    if any(whole) and not all(whole):
        for one, value, absolute in zip(ids, values, whole, strict=True):
            if absolute:
                noted.add("paths_mixed", value, one)
    uris = [
        value if absolute else f"{folder.rstrip('/')}/{value}"
        for value, absolute in zip(values, whole, strict=True)
    ]
    first: dict[str, str] = {}
    for one, uri in zip(ids, uris, strict=True):
        place = uri if "://" in uri else str(Path(uri).resolve())
        if first.setdefault(place, one) != one:
            noted.add("image_named_twice", f"{one!r} and {first[place]!r} name {uri}", one)
    return uris


def _check_labels(spec: DatasetSpec, column: str, labels: list[str | None], classes: tuple[str, ...]) -> None:
    known = set(classes)
    for row, value in enumerate(labels, start=1):
        if value is not None and value not in known:
            where = f"{spec.path}, row {row}, column {column!r}"
            raise InputError(f"{where}: expected one of {examples(classes)}, got {value!r}")


def _metadata(spec: DatasetSpec, table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in RESERVED:
        raise InputError(
            f"{spec.path}, column {name!r}: the name is reserved; rename the column, "
            f"or say what it is with the option {name if name in _OPTIONS else 'id, label, image or group'}"
        )
    column = table.column(name)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = pc.cast(column, kind.value_type), kind.value_type
    if any(is_a(kind) for is_a in _KEPT):
        return column
    if any(is_a(kind) for is_a in _AS_TEXT):
        return pc.cast(column, pa.string())
    raise InputError(f"{spec.path}, column {name!r}: expected text, numbers, booleans or dates, got {kind}")

"""A measured data set as a table: what Great Expectations and Evidently look at."""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from seatrial.images import PROPERTIES
from seatrial.quality.measured import MeasuredDataset

__all__ = ["Columns", "columns_of", "joined", "objects_joined"]


#: Columns that say which sample or object it is, not what it is like.
_IDENTIFIERS = {"id", "uri", "group", "content", "mask", "mask_content", "annotated", "image", "annotation"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns that say something about a sample, by kind.

    Attributes:
        numeric: Numbers: metadata, image properties, confidence.
        categorical: Texts and truth values: label, metadata, prediction.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


def joined(data: MeasuredDataset) -> pa.Table:
    """Put manifest, image properties and predictions side by side, one row a sample.

    A metadata column that is called like an image property is replaced by what was measured. Of a detection,
    ``truths`` is the number of objects in each annotated image.
    """
    measured = PROPERTIES if data.has_images else ()
    table = data.manifest.table.drop_columns([name for name in data.manifest.metadata if name in measured])
    for name in measured:
        table = table.append_column(name, data.images.column(name))
    if data.manifest.objects is not None:
        table = table.append_column("truths", _object_counts(data))
    if data.predictions is not None:
        for name in data.predictions.column_names:
            table = table.append_column(name, data.predictions.column(name))
    return table


def objects_joined(data: MeasuredDataset) -> pa.Table:
    """Give a detection's objects, one row an object, without their masks.

    Raises:
        ValueError: The data set is none of a detection.
    """
    if data.manifest.objects is None:
        raise ValueError(f"{data.manifest.name!r} has no objects")
    objects: pa.Table = data.manifest.objects.drop_columns(["mask"])
    return objects


def _object_counts(data: MeasuredDataset) -> pa.Array:
    counted = Counter(objects_joined(data).column("image").to_pylist())
    annotated = data.manifest.annotated.tolist()
    return pa.array(
        [counted[one] if known else None for one, known in zip(data.ids, annotated, strict=True)], pa.int64()
    )


def columns_of(table: pa.Table, *, metadata_only: bool = False) -> Columns:
    """Sort a joined table's columns by kind; identifiers, dates and nested columns are of no kind.

    Args:
        table: What :func:`joined` or :func:`objects_joined` gave.
        metadata_only: Leave out label, class, prediction and confidence.
    """
    hidden = _IDENTIFIERS | ({"label", "class", "prediction", "confidence"} if metadata_only else set())
    fields = [one for one in table.schema if one.name not in hidden]
    numeric = (one.name for one in fields if _is_number(one.type))
    categorical = (one.name for one in fields if _is_category(one.type))
    return Columns(tuple(numeric), tuple(categorical))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_category(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_category(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind))

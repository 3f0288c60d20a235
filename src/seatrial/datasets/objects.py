"""Objects in images: the table of ground-truth boxes and masks that a detection data set holds."""

import pyarrow as pa

from seatrial.errors import InputError, examples

__all__ = ["OBJECT_COLUMNS", "OBJECT_SCHEMA", "check_objects", "object_attributes"]

#: Columns that every table of objects has. Boxes are in pixels of the image as decoded (EXIF applied),
#: ``x`` and ``y`` being the upper left corner; ``area`` is in square pixels, of the mask where there is one.
#: ``crowd`` marks a region of many objects (COCO's ``iscrowd``: any number of predictions may match it, none
#: counts), ``ignore`` one object that neither rewards nor punishes (VOC's ``difficult``). ``mask`` is COCO's
#: compressed run-length encoding of the whole image's size, null where there is only a box.
OBJECT_SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("annotation", pa.string()),
        ("class", pa.string()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("width", pa.float64()),
        ("height", pa.float64()),
        ("area", pa.float64()),
        ("crowd", pa.bool_()),
        ("ignore", pa.bool_()),
        ("mask", pa.binary()),
    ]
)

#: Their names; columns after them are annotation attributes.
OBJECT_COLUMNS: tuple[str, ...] = tuple(OBJECT_SCHEMA.names)


def object_attributes(objects: pa.Table) -> tuple[str, ...]:
    """Name the annotation attributes of a table of objects."""
    return tuple(name for name in objects.column_names if name not in OBJECT_COLUMNS)


def check_objects(name: str, objects: pa.Table, ids: set[str], classes: tuple[str, ...]) -> None:
    """Check that objects are of the data set's images and classes.

    Args:
        name: The data set, for messages.
        objects: At least the columns of :data:`OBJECT_SCHEMA`, in its types.
        ids: The images.
        classes: The classes.

    Raises:
        InputError: A column is absent or of another type, or a row's image or class is unknown.
    """
    for field in OBJECT_SCHEMA:
        if field.name not in objects.column_names or objects.schema.field(field.name).type != field.type:
            got = objects.schema.field(field.name).type if field.name in objects.column_names else "none"
            raise InputError(
                f"data set {name!r}: objects need a column {field.name!r} of {field.type}, got {got}"
            )
    for column, known in (("image", ids), ("class", set(classes))):
        unknown = sorted(set(objects.column(column).unique().to_pylist()) - known, key=str)
        if unknown:
            raise InputError(f"data set {name!r}: objects of unknown {column} {examples(unknown)}")

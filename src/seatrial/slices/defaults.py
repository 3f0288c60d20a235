"""Slices to look at where no policy names any: every attribute that can be an axis."""

import pyarrow as pa

from seatrial.datasets import RESERVED
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.images import PROPERTIES
from seatrial.slices.attribute import Attribute, read_attribute
from seatrial.slices.objects import Objects
from seatrial.slices.spec import Bins, SliceSpec

__all__ = ["default_specs"]

#: A metadata attribute of at most so many values is sliced value by value.
FEW_VALUES = 50

#: Numbers of more distinct values than this are put into bins.
FEW_NUMBERS = 12

_QUARTILES = Bins(bins="quantile", n=4)

#: Attributes of objects that are sliced by, beside those of their annotations: alone, with one or two others,
#: or among many.
_OF_OBJECTS: dict[str, Bins | None] = {
    "size": None,
    "crowding": Bins(edges=(1, 3)),
    "touches_border": None,
}


def default_specs(evaluation: EvaluationTable) -> tuple[dict[str, SliceSpec], dict[str, str]]:
    """Choose an axis for each attribute of an evaluation.

    Metadata of few values is sliced value by value, other numbers and image properties by quartiles; so are
    the attributes of a detector's annotations. Its objects are sliced by size, crowding and whether they
    touch the border, too.

    Args:
        evaluation: The evaluation; reserved columns are no attributes.

    Returns:
        The specs by attribute (of an object with ``object_`` before it), and the reason for each attribute
        that is left out.
    """
    specs, left_out = _of_images(evaluation.samples)
    if evaluation.objects is not None:
        objects = Objects.of(evaluation.samples, evaluation.objects)
        more, out = _of_objects(objects, taken=frozenset(specs))
        specs, left_out = specs | more, left_out | out
    return specs, left_out


def _of_objects(objects: Objects, *, taken: frozenset[str]) -> tuple[dict[str, SliceSpec], dict[str, str]]:
    specs: dict[str, SliceSpec] = {}
    left_out: dict[str, str] = {}
    for name in (*_OF_OBJECTS, *objects.annotations):
        if name not in objects.table.column_names:
            continue
        reason, binned = _as_axis(objects.truths, name)
        if not reason and name in taken:
            reason = "is called as an attribute of the images, so that their slices could not be told apart"
        if reason:
            left_out[f"object_{name}"] = reason
        else:
            bins = _OF_OBJECTS.get(name, _QUARTILES if binned else None)
            specs[f"object_{name}"] = SliceSpec(level="object", by={name: bins})
    return specs, left_out


def _of_images(table: pa.Table) -> tuple[dict[str, SliceSpec], dict[str, str]]:
    specs: dict[str, SliceSpec] = {}
    left_out: dict[str, str] = {}
    for name in table.column_names:
        if name in RESERVED:
            continue
        reason, binned = _as_axis(table, name)
        if reason:
            left_out[name] = reason
        else:
            specs[name] = SliceSpec(by={name: _QUARTILES if binned else None})
    return specs, left_out


def _as_axis(table: pa.Table, name: str) -> tuple[str, bool]:
    """Say why a column is no axis (nothing where it is one), and whether it needs bins."""
    try:
        attribute = read_attribute(table, name)
    except InputError:
        return f"holds {table.schema.field(name).type}", False
    return _unfit(attribute), _is_binned(attribute)


def _is_binned(attribute: Attribute) -> bool:
    numeric = attribute.kind == "number"
    return numeric and (attribute.name in PROPERTIES or len(attribute.values) > FEW_NUMBERS)


def _unfit(attribute: Attribute) -> str:
    distinct = len(attribute.values)
    if distinct + bool(attribute.missing.any()) < 2:  # noqa: PLR2004 - one value divides nothing
        return "has one value only"
    if not _is_binned(attribute) and 2 < distinct == len(attribute.missing):  # noqa: PLR2004 - not two samples
        return "has another value on each sample"
    if not _is_binned(attribute) and distinct > FEW_VALUES:
        return f"has {distinct} values, more than {FEW_VALUES}"
    return ""

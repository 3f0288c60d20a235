"""Slices to look at where no policy names any: every attribute that can be an axis."""

import pyarrow as pa

from seatrial.datasets import RESERVED
from seatrial.errors import InputError
from seatrial.images import PROPERTIES
from seatrial.slices.attribute import Attribute, read_attribute
from seatrial.slices.spec import Bins, SliceSpec

__all__ = ["default_specs"]

#: A metadata attribute of at most so many values is sliced value by value.
FEW_VALUES = 50

#: Numbers of more distinct values than this are put into bins.
FEW_NUMBERS = 12

_QUARTILES = Bins(bins="quantile", n=4)


def default_specs(table: pa.Table) -> tuple[dict[str, SliceSpec], dict[str, str]]:
    """Choose an axis for each attribute of a table.

    Metadata of few values is sliced value by value, other numbers and image properties by quartiles.

    Args:
        table: One row per sample; reserved columns are no attributes.

    Returns:
        The specs by attribute, and the reason for each attribute that is left out.
    """
    specs: dict[str, SliceSpec] = {}
    left_out: dict[str, str] = {}
    for name in table.column_names:
        if name in RESERVED:
            continue
        try:
            attribute = read_attribute(table, name)
        except InputError:
            left_out[name] = f"holds {table.schema.field(name).type}"
            continue
        reason = _unfit(attribute)
        if reason:
            left_out[name] = reason
        else:
            specs[name] = SliceSpec(by={name: _QUARTILES if _is_binned(attribute) else None})
    return specs, left_out


def _is_binned(attribute: Attribute) -> bool:
    numeric = attribute.kind == "number"
    return numeric and (attribute.name in PROPERTIES or len(attribute.values) > FEW_NUMBERS)


def _unfit(attribute: Attribute) -> str:
    distinct = len(attribute.values)
    if distinct + bool(attribute.missing.any()) < 2:  # noqa: PLR2004 - one value divides nothing
        return "has one value only"
    if not _is_binned(attribute) and distinct > FEW_VALUES:
        return f"has {distinct} values, more than {FEW_VALUES}"
    return ""

"""Strata: the cells of one or more attributes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.slices.attribute import read_attribute
from seatrial.slices.defaults import FEW_NUMBERS
from seatrial.slices.membership import fit, read_axis
from seatrial.slices.spec import Bins, SliceSpec

__all__ = ["Strata", "strata_of"]

_QUARTILES = Bins(bins="quantile", n=4)

#: Distinct values that an attribute may have: with more, it names samples rather than kinds of them.
_MOST = 200


@dataclass(frozen=True)
class Strata:
    """Which stratum each row is in.

    Attributes:
        codes: Shape (n,), from 0.
        names: Of each stratum, e.g. ``class=cat & brightness=[0.2, 0.4)``.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]


def strata_of(table: pa.Table, attributes: Sequence[str]) -> Strata:
    """Divide rows by attributes: texts by their values, numbers of more than a few values at the quartiles.

    Args:
        table: One row a sample.
        attributes: Columns; none for one stratum of all.

    Returns:
        The combinations that occur, in the order of the attributes' values; a missing value is a value.

    Raises:
        InputError: An attribute is no column, or has too many values.
    """
    if not attributes:
        return Strata(np.zeros(table.num_rows, dtype=np.int64), ("all",))
    axes = [_axis(table, name) for name in dict.fromkeys(attributes)]
    combined = np.stack([cells for cells, _ in axes], axis=1)
    distinct, codes = np.unique(combined, axis=0, return_inverse=True)
    names = tuple(
        " & ".join(labels[cell] for (_, labels), cell in zip(axes, cells, strict=True))
        for cells in distinct.tolist()
    )
    return Strata(codes.reshape(-1).astype(np.int64), names)


def _axis(table: pa.Table, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if name not in table.column_names:
        raise InputError(f"balance: no attribute {name!r}; there are {', '.join(sorted(table.column_names))}")
    attribute = read_attribute(table, name)
    many = attribute.values.dtype.kind in "fiu" and len(attribute.values) > FEW_NUMBERS
    spec = SliceSpec(by={name: _QUARTILES if many else None}, max_values=_MOST)
    fitted = fit({"balance": spec}, table)["balance"]
    axis = read_axis("balance", fitted, table, column=name, rows=np.arange(table.num_rows))
    return axis.cells, tuple(f"{name}={label}" for label in axis.labels)

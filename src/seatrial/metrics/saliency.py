"""The share of a model's saliency that lies outside of what matters, averaged over images."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics.sufficient import Additive, Group, Key, Support, divide, summing

__all__ = ["OFF_CORE", "SaliencyShare", "read_off_core", "saliency_groups"]

#: Name of the metric, and of the column that holds it for each image.
OFF_CORE = "off_core"

_KEY: Key = (OFF_CORE, None)


class SaliencyShare(Additive):
    """The mean share of the saliency outside of the core, over the images of which it is known.

    Args:
        off_core: Share of each image, in [0, 1], NaN where it is not known, shape (n,); None where nothing
            was explained.
        index: Which of them, shape (m,).
    """

    def __init__(self, off_core: NDArray[np.float64] | None, index: NDArray[np.int64]) -> None:
        values = np.full(len(index), np.nan) if off_core is None else off_core[index]
        known = np.flatnonzero(np.isfinite(values))
        rows = np.repeat(np.arange(2, dtype=np.int64), len(known))
        amounts = np.concatenate([values[known], np.ones(len(known))])
        self._n = len(known)
        self._reason = "" if len(known) else "no explained image with a core (measure with explanations)"
        self.sums = summing(rows, np.tile(known, 2), amounts, (2, len(index)))

    def support(self) -> dict[Key, Support]:
        """Say how many images it rests on."""
        return {_KEY: Support(self._n, self._reason)}

    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute it from the sums, shape (2, R)."""
        return {_KEY: divide(sums[0], sums[1])}


def saliency_groups(
    off_core: NDArray[np.float64] | None, index: NDArray[np.int64], metrics: Sequence[str]
) -> list[Group]:
    """Prepare the metric where it is asked for; see :class:`~seatrial.metrics.sufficient.Samples`."""
    return [SaliencyShare(off_core, index)] if OFF_CORE in metrics else []


def read_off_core(table: EvaluationTable, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Read the shares of some images of an evaluation; None where it holds none.

    Raises:
        InputError: A share is outside [0, 1]; names the image.
    """
    if OFF_CORE not in table.samples.column_names:
        return None
    column = table.samples.column(OFF_CORE).cast(pa.float64()).fill_null(np.nan)
    values = np.asarray(column.to_numpy(), dtype=np.float64)[rows]
    for place in np.flatnonzero(np.isfinite(values) & ((values < 0) | (values > 1)))[:1]:
        id_ = table.samples.column("id")[int(rows[place])].as_py()
        raise InputError(f"id {id_!r}, column {OFF_CORE!r}: expected a share in [0, 1], got {values[place]}")
    return values

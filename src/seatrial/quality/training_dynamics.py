"""Training dynamics: how a model came to its labels, epoch by epoch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.errors import InputError, examples

__all__ = ["TrainingDynamics"]


@dataclass(frozen=True, slots=True)
class TrainingDynamics:
    """The area under each sample's margin (AUM; Pleiss et al. 2020, https://arxiv.org/abs/2001.10528).

    A sample whose label is wrong is learned late, against its likes: its margin (the score of the given label
    less the largest other) stays low or negative for most of the training, even where it is learned by heart
    at last.

    Attributes:
        area: Mean margin over the epochs by sample id.
    """

    area: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> "TrainingDynamics":
        """Read a Parquet file with one row a sample and epoch.

        Columns: ``id`` (string), ``margin`` (number: the given label's logit, or probability, less the
        largest other). More columns, such as ``epoch``, are left alone; the order of rows does not matter.

        Raises:
            InputError: The file cannot be read, a column is absent, or a value is missing or not finite.
        """
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"cannot read training dynamics {path}: {error}") from error
        absent = [name for name in ("id", "margin") if name not in table.column_names]
        if absent:
            raise InputError(f"{path}: no column {absent[0]!r}; columns are {examples(table.column_names)}")
        kind = table.schema.field("margin").type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise InputError(f"{path}, column 'margin': expected numbers, got {kind}")
        margins = table.column("margin").cast(pa.float64()).to_numpy()
        ids = table.column("id").cast(pa.string()).to_pylist()
        for row in np.flatnonzero(~np.isfinite(margins)).tolist():
            raise InputError(
                f"{path}, row {row + 1}, column 'margin': expected a finite number, got {margins[row]}"
            )
        if None in ids:
            raise InputError(
                f"{path}, row {ids.index(None) + 1}, column 'id': expected a sample's id, got none"
            )
        return cls(_means(ids, margins))

    def of(self, ids: list[str]) -> NDArray[np.float64]:
        """Give the area of each sample, shape (n,); NaN where training did not see it."""
        return np.array([self.area.get(one, np.nan) for one in ids], dtype=np.float64)


def _means(ids: list[str], margins: NDArray[np.float64]) -> dict[str, float]:
    names, place = np.unique(np.array(ids, dtype=object).astype(str), return_inverse=True)
    sums = np.bincount(place, weights=margins, minlength=len(names))
    return dict(zip(names.tolist(), (sums / np.bincount(place)).tolist(), strict=True))

"""Failing samples with their causes."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError
from seatrial.files import atomic_file

__all__ = ["CAUSE_SCHEMA", "Causes"]

#: The rows of :class:`Causes`.
CAUSE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("row", pa.int64()),
        ("object", pa.int64()),
        ("truth", pa.string()),
        ("prediction", pa.string()),
        ("cause", pa.string()),
        ("action", pa.string()),
        ("reason", pa.string()),
        ("rare", pa.float64()),
        ("a_y", pa.float64()),
        ("a_pred", pa.float64()),
        ("entropy", pa.float64()),
        ("flip", pa.float64()),
        ("off_core", pa.float64()),
        ("patch_flip", pa.float64()),
        ("transplant", pa.float64()),
        ("contest", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Causes:
    """Why failing samples fail.

    Attributes:
        table: One row a failing sample, in the order in which they were asked for: ``id``; ``row`` in the
            evaluation's samples; ``object``, row in its objects, null for a whole image; ``truth`` and
            ``prediction``, class names, null for background; ``cause``, ``action`` and ``reason``, a sentence
            with the numbers that decided; the pieces of :class:`~seatrial.mining.causes.Evidence`, null where
            not known.
    """

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def write(self, path: Path) -> None:
        """Write a Parquet file, atomically; the same causes give the same bytes."""
        with atomic_file(path) as temporary:
            pq.write_table(self.table.combine_chunks(), temporary)

    @classmethod
    def read(cls, path: Path) -> "Causes":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: There is no such file, or it holds other columns.
        """
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"cannot read {path} (find-blind-spots writes it): {error}") from error
        if table.schema.remove_metadata() != CAUSE_SCHEMA:
            raise InputError(f"{path}: expected the columns {', '.join(CAUSE_SCHEMA.names)}")
        return cls(table)

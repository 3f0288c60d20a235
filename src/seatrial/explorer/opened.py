"""An evaluation as the explorer holds it: read once, its attributes encoded when first asked for."""

import contextlib
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.reporting.outcomes import Outcomes, outcomes_of
from seatrial.slices.attribute import Attribute, read_attribute

__all__ = ["OpenedEvaluation"]


@dataclass(frozen=True)
class OpenedEvaluation:
    """One evaluation in memory; safe for several threads.

    Attributes:
        folder: Where it was read from.
        table: The evaluation.
        outcomes: What the model made of each image, and how wrong that is.
    """

    folder: Path
    table: EvaluationTable
    outcomes: Outcomes
    _attributes: dict[str, Attribute] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def read(cls, folder: Path) -> "OpenedEvaluation":
        """Read an evaluation folder.

        Raises:
            InputError: It is absent, incomplete or of another schema version.
        """
        table = EvaluationTable.read(folder)
        return cls(folder, table, outcomes_of(table, {}))

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def ids(self) -> list[str]:
        """Sample ids, row for row."""
        found: list[str] = self.table.samples.column("id").to_pylist()
        return found

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each sample id."""
        return {one: row for row, one in enumerate(self.ids)}

    def attribute(self, name: str) -> Attribute:
        """Give a column of the samples, encoded; the first time takes a moment on a million rows.

        Raises:
            InputError: There is no such column, or it cannot be compared.
        """
        with self._lock:
            if name not in self._attributes:
                self._attributes[name] = read_attribute(self.table.samples, name)
            return self._attributes[name]

    def warm(self) -> None:
        """Encode all attributes and sort beforehand: then the first question is answered at once, too."""
        _ = self.worst_first
        for name in ("label", "prediction", *self.table.attributes):
            with contextlib.suppress(InputError):  # told when it is asked for
                self.attribute(name)

    @cached_property
    def worst_first(self) -> NDArray[np.int64]:
        """Rows, the most wrong and among them the most confident first; those without a truth last."""
        error = np.where(self.outcomes.known, self.outcomes.error, -1.0)
        confidence = np.nan_to_num(self.outcomes.confidence, nan=-1.0)
        return np.lexsort((-confidence, -error))

    @cached_property
    def surest_first(self) -> NDArray[np.int64]:
        """Rows, the most confident first."""
        return np.argsort(-np.nan_to_num(self.outcomes.confidence, nan=-1.0), kind="stable")

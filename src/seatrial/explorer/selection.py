"""Which samples are looked at, and in which order."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from seatrial.errors import InputError
from seatrial.explorer.opened import OpenedEvaluation
from seatrial.slices import parse

__all__ = ["Choice"]


class Choice(BaseModel):
    """A choice of samples; every part that is given narrows it.

    Attributes:
        where: A predicate as policies write them; empty for every sample.
        outcome: ``wrong`` where anything is wrong, ``right`` where nothing is, ``unlabelled`` where there is
            no truth.
        tag: Samples that carry this tag; empty for all.
        rows: Row numbers, as a lasso gives them; None for all.
        sort: The order: the most wrong, the surest, or the order of the data set first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: str = ""
    outcome: Literal["all", "wrong", "right", "unlabelled"] = "all"
    tag: str = ""
    rows: tuple[int, ...] | None = None
    sort: Literal["worst", "surest", "data"] = "worst"

    @property
    def is_predicate(self) -> bool:
        """Whether a predicate alone chooses the samples: as a slice it can be measured on other data."""
        return bool(self.where.strip()) and self.outcome == "all" and not self.tag and self.rows is None

    def mask(self, opened: OpenedEvaluation, tags: Mapping[str, AbstractSet[str]]) -> NDArray[np.bool_]:
        """Find the chosen samples.

        Args:
            opened: The evaluation.
            tags: Sample ids by tag.

        Returns:
            Shape (n,), one entry per sample.

        Raises:
            InputError: The predicate is not valid or does not fit the columns, or a row is not there.
        """
        chosen = np.ones(len(opened), dtype=np.bool_)
        if self.where.strip():
            predicate = parse(self.where)
            chosen &= predicate.holds({name: opened.attribute(name) for name in predicate.columns})
        error = opened.outcomes.error
        match self.outcome:
            case "wrong":
                chosen &= error > 0
            case "right":
                chosen &= error == 0
            case "unlabelled":
                chosen &= np.isnan(error)
            case "all":
                pass
        if self.tag:
            chosen &= _among(len(opened), [opened.row_of[one] for one in tags.get(self.tag, ())])
        if self.rows is not None:
            chosen &= _among(len(opened), self.rows)
        return chosen

    def ordered(self, opened: OpenedEvaluation, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Give the rows of a mask in the query's order."""
        match self.sort:
            case "worst":
                order = opened.worst_first
            case "surest":
                order = opened.surest_first
            case "data":
                return np.flatnonzero(chosen)
        return order[chosen[order]]


def _among(size: int, rows: Sequence[int]) -> NDArray[np.bool_]:
    found = np.zeros(size, dtype=np.bool_)
    index = np.asarray(rows, dtype=np.int64)
    if len(index) and (index.min() < 0 or index.max() >= size):
        raise InputError(f"expected row numbers from 0 to {size - 1}, got {index.min()} to {index.max()}")
    found[index] = True
    return found

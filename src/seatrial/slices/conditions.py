"""The tree of a predicate: conditions on columns, joined by and, or and not.

A condition on a missing value is neither true nor false, as in SQL: each condition gives two masks, the
rows where it is true and the rows where it is false, and ``not`` swaps them. A row on which the whole
predicate is not true is outside the slice.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.slices.attribute import Attribute

__all__ = ["And", "Comparison", "Condition", "IsIn", "IsNull", "Not", "Or", "PlacedError", "Truth", "Value"]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_IN_WORDS = {"number": "numbers", "text": "text", "boolean": "true/false", "time": "dates or times"}


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a condition is true and where it is false, each of shape (n,); neither where it is unknown."""

    true: NDArray[np.bool_]
    false: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as written in a predicate, and its place there."""

    value: float | str | bool
    position: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column compared with a value."""

    column: str
    operator: str
    literal: Value
    position: int = field(compare=False)

    def holds(self, attributes: Mapping[str, Attribute]) -> Truth:
        """Compare every row; unknown where the value is missing."""
        attribute = attributes[self.column]
        value = _value(self.literal, attribute)
        if attribute.kind == "boolean" and self.operator not in {"==", "!="}:
            raise PlacedError(
                self.position,
                f"column {self.column!r} is true/false: expected == or !=, got {self.operator}",
            )
        return _known(attribute, _COMPARE[self.operator](attribute.values, value))


@dataclass(frozen=True, slots=True)
class IsIn:
    """A column's value is one of a list."""

    column: str
    literals: tuple[Value, ...]
    position: int = field(compare=False)

    def holds(self, attributes: Mapping[str, Attribute]) -> Truth:
        """Look every row up; unknown where the value is missing."""
        attribute = attributes[self.column]
        found = np.zeros(len(attribute.values), dtype=bool)
        for literal in self.literals:
            found |= np.asarray(attribute.values == _value(literal, attribute), dtype=bool)
        return _known(attribute, found)


@dataclass(frozen=True, slots=True)
class IsNull:
    """A column's value is missing: null or NaN. Never unknown."""

    column: str
    position: int = field(compare=False)

    def holds(self, attributes: Mapping[str, Attribute]) -> Truth:
        """Find the missing values."""
        missing = attributes[self.column].missing
        return Truth(missing, ~missing)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition; unknown stays unknown."""

    condition: "Condition"

    def holds(self, attributes: Mapping[str, Attribute]) -> Truth:
        """Swap true and false."""
        truth = self.condition.holds(attributes)
        return Truth(truth.false, truth.true)


@dataclass(frozen=True, slots=True)
class And:
    """All conditions hold; false as soon as one is false."""

    conditions: tuple["Condition", ...]

    def holds(self, attributes: Mapping[str, Attribute]) -> Truth:
        """Join the conditions."""
        parts = [condition.holds(attributes) for condition in self.conditions]
        return Truth(_all(part.true for part in parts), _any(part.false for part in parts))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one condition holds; true as soon as one is true."""

    conditions: tuple["Condition", ...]

    def holds(self, attributes: Mapping[str, Attribute]) -> Truth:
        """Join the conditions."""
        parts = [condition.holds(attributes) for condition in self.conditions]
        return Truth(_any(part.true for part in parts), _all(part.false for part in parts))


Condition = Comparison | IsIn | IsNull | Not | And | Or


class PlacedError(InputError):
    """A problem at a character of the predicate's text."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position = position


def _all(masks: Any) -> NDArray[np.bool_]:
    return reduce(np.logical_and, masks)


def _any(masks: Any) -> NDArray[np.bool_]:
    return reduce(np.logical_or, masks)


def _known(attribute: Attribute, of_values: Any) -> Truth:
    mask = np.asarray(of_values, dtype=bool)
    return Truth(attribute.spread(mask), attribute.spread(~mask))


def _value(literal: Value, attribute: Attribute) -> Any:
    """Turn a literal into what the column's values are compared with."""
    value = literal.value
    if pa.types.is_null(attribute.type):
        return value
    match attribute.kind:
        case "boolean" if isinstance(value, bool):
            return value
        case "number" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        case "text" if isinstance(value, str):
            return value
        case "time" if isinstance(value, str):
            return _ticks(value, attribute, literal.position)
    written = f"'{value}'" if isinstance(value, str) else str(value).lower()
    raise PlacedError(
        literal.position,
        f"column {attribute.name!r} holds {_IN_WORDS[attribute.kind]}, cannot be compared with {written}",
    )


def _ticks(value: str, attribute: Attribute, position: int) -> int:
    """Read a date or time in the column's unit; one without an offset is UTC."""
    kind = attribute.type
    plain = pa.timestamp(kind.unit) if pa.types.is_timestamp(kind) else kind
    for one in (plain, kind):
        try:
            return int(pa.scalar(value).cast(one).value)
        except pa.ArrowInvalid:
            continue
    raise PlacedError(
        position,
        f"column {attribute.name!r} holds {kind}: "
        f"expected a date or time such as '2026-01-31', got {value!r}",
    )

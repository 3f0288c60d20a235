"""A small, safe language to choose samples by their attributes: ``light == 'night' and area < 1024``.

Parsed by recursive descent to a tree of conditions; nothing of it is ever run as Python.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.slices.attribute import Attribute, read_attribute
from seatrial.slices.conditions import (
    And,
    Comparison,
    Condition,
    IsIn,
    IsNull,
    Not,
    Or,
    PlacedError,
    Value,
)
from seatrial.slices.tokens import Token, failure, tokenize

__all__ = ["Predicate", "parse"]

_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

#: Parentheses and ``not`` may be nested this deep.
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Predicate:
    """A parsed predicate.

    Attributes:
        text: As it was written.
        condition: Its tree.
        columns: The columns that it names, in order of appearance, each once.
    """

    text: str = field(compare=False)
    condition: Condition
    columns: tuple[str, ...]

    def mask(self, table: pa.Table) -> NDArray[np.bool_]:
        """Find the rows on which the predicate is true.

        A comparison with a missing value is neither true nor false (so ``not`` does not make it true);
        only ``is null`` finds missing values.

        Args:
            table: One row per sample.

        Returns:
            Shape (rows,).

        Raises:
            InputError: A column is not in the table, or is compared with a value of another type.
        """
        positions = _positions(self.condition)
        return self.holds(
            {
                name: read_attribute(table, name, place=f"predicate, character {positions[name]}: ")
                for name in self.columns
            }
        )

    def holds(self, attributes: Mapping[str, Attribute]) -> NDArray[np.bool_]:
        """Find the rows on which the predicate is true, among attributes that were read before.

        Args:
            attributes: Those in ``columns``, by name.

        Returns:
            Shape (rows,).

        Raises:
            InputError: A column is compared with a value of another type.
        """
        try:
            return self.condition.holds(attributes).true
        except PlacedError as error:
            raise failure(self.text, error.position, str(error)) from error


def parse(text: str) -> Predicate:
    """Parse a predicate.

    Raises:
        InputError: The text is not of the language; the message names the character (from 1), what was
            expected there and what was found.
    """
    condition = _Parser(text).predicate()
    return Predicate(text, condition, tuple(_positions(condition)))


class _Parser:
    """One method per rule of the grammar; each takes the tokens that belong to it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokenize(text))
        self._next = 0
        self._depth = 0

    def predicate(self) -> Condition:
        """``any-of end``."""
        if self._peek().kind == "end":
            raise self._failure(self._peek(), "the predicate is empty")
        condition = self._any_of()
        last = self._peek()
        if last.kind != "end":
            raise self._failure(last, f"expected 'and', 'or' or the end, got {last}")
        return condition

    def _any_of(self) -> Condition:
        """``all-of ('or' all-of)*``."""
        parts = [self._all_of()]
        while self._take("keyword", "or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self) -> Condition:
        """``negated ('and' negated)*``."""
        parts = [self._negated()]
        while self._take("keyword", "and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negated(self) -> Condition:
        """``'not' negated | '(' any-of ')' | comparison``."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._failure(self._peek(), f"nested deeper than {MAX_DEPTH} levels")
        if self._take("keyword", "not"):
            condition: Condition = Not(self._negated())
        elif self._take("operator", "("):
            condition = self._any_of()
            self._expect("operator", ")", "')'")
        else:
            condition = self._comparison()
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        """``column operator literal | literal operator column | column in … | column is …``."""
        first = self._peek()
        if first.kind == "name":
            self._next += 1
            return self._about(first)
        if first.kind in {"number", "text"} or first.text in {"true", "false"}:
            literal = self._literal()
            sign = self._operator("an operator")
            column = self._peek()
            if column.kind != "name":
                raise self._failure(column, f"expected a column to compare with, got {column}")
            self._next += 1
            return self._unchained(Comparison(column.text, _MIRRORED[sign], literal, column.position))
        raise self._failure(first, f"expected a column, 'not' or '(', got {first}")

    def _about(self, column: Token) -> Condition:
        name, position = column.text, column.position
        if self._take("keyword", "is"):
            negated = self._take("keyword", "not")
            self._expect("keyword", "null", "'null'")
            return Not(IsNull(name, position)) if negated else IsNull(name, position)
        if self._take("keyword", "in"):
            return IsIn(name, self._list(), position)
        if self._take("keyword", "not"):
            self._expect("keyword", "in", "'in'")
            return Not(IsIn(name, self._list(), position))
        sign = self._operator(f"an operator, 'in' or 'is' after column {name!r}")
        return self._unchained(Comparison(name, sign, self._literal(), position))

    def _list(self) -> tuple[Value, ...]:
        """``'(' literal (',' literal)* ')'``."""
        self._expect("operator", "(", "'('")
        literals = [self._literal()]
        while self._take("operator", ","):
            literals.append(self._literal())
        self._expect("operator", ")", "',' or ')'")
        return tuple(literals)

    def _literal(self) -> Value:
        """``number | text | true | false``."""
        token = self._peek()
        self._next += 1
        match token.kind, token.text:
            case "number", written:
                return Value(_number(written), token.position)
            case "text", written:
                return Value(written, token.position)
            case "keyword", "true" | "false":
                return Value(token.text == "true", token.position)
            case "keyword", "null":
                raise self._failure(token, "nothing compares with null, write 'is null' or 'is not null'")
            case "name", name:
                raise self._failure(
                    token,
                    f"expected a number, 'text', true or false, got column {name!r} (quote a text: '{name}')",
                )
        raise self._failure(token, f"expected a number, 'text', true or false, got {token}")

    def _operator(self, expected: str) -> str:
        token = self._peek()
        if token.kind != "operator" or token.text not in _OPERATORS:
            raise self._failure(token, f"expected {expected}, got {token}")
        self._next += 1
        return token.text

    def _unchained(self, comparison: Comparison) -> Comparison:
        token = self._peek()
        if token.kind == "operator" and token.text in _OPERATORS:
            raise self._failure(token, "comparisons do not chain, join two with 'and'")
        return comparison

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self, kind: str, text: str) -> bool:
        token = self._peek()
        found = token.kind == kind and token.text == text
        self._next += found
        return found

    def _expect(self, kind: str, text: str, words: str) -> None:
        token = self._peek()
        if not self._take(kind, text):
            raise self._failure(token, f"expected {words}, got {token}")

    def _failure(self, token: Token, problem: str) -> InputError:
        return failure(self._text, token.position, problem)


def _number(written: str) -> float:
    return int(written) if written.lstrip("+-").isdigit() else float(written)


def _positions(condition: Condition) -> dict[str, int]:
    """Where each column is named first, in order of appearance."""
    found: dict[str, int] = {}
    for leaf in sorted(_leaves(condition), key=lambda one: one.position):
        found.setdefault(leaf.column, leaf.position)
    return found


def _leaves(condition: Condition) -> Iterable[Comparison | IsIn | IsNull]:
    match condition:
        case And(conditions=parts) | Or(conditions=parts):
            for part in parts:
                yield from _leaves(part)
        case Not(condition=inner):
            yield from _leaves(inner)
        case _:
            yield condition

"""A YAML file whose every value knows its line and column."""

import itertools
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from seatrial.errors import PolicyError
from seatrial.validation import Location, key_path

__all__ = ["Document", "Problem", "policy_error"]

_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong at one place of a file.

    Attributes:
        source: The file.
        line: Line from 1.
        column: Column from 1.
        path: Key path, e.g. ``rules[2].metric``; empty for the whole file.
        message: What was expected and what was there.
    """

    source: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}:{self.column}: "
        return where + (f"{self.path}: " if self.path else "") + self.message


@dataclass
class Document:
    """A parsed YAML file.

    Attributes:
        source: The file's name, for messages.
        value: Its content as plain Python values, as ``yaml.safe_load`` gives it; a scalar that YAML
            takes for a date or number and that is none (``2026-13-45``) stays text.
    """

    source: str
    value: Any
    _root: yaml.Node | None = field(repr=False)

    @classmethod
    def parse(cls, text: str, source: str) -> "Document":
        """Parse YAML text.

        Args:
            text: The YAML.
            source: Where it comes from, for messages.

        Raises:
            PolicyError: It is not YAML, holds several documents, a key twice, a key that is not text, or
                a tag that a safe loader refuses; the message names line and column.
        """
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            builder = _Builder(source)
            value = None if root is None else builder.build(root, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            what = " ".join(part for part in (error.problem, error.context) if part)
            raise PolicyError(f"{source}:{line}:{column}: not valid YAML: {what}") from error
        except yaml.YAMLError as error:
            raise PolicyError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error
        except RecursionError as error:
            raise PolicyError(f"{source}: not valid YAML: nested too deeply") from error
        document = cls(source, value, root)
        if builder.problems:
            raise document.error(builder.problems)
        return document

    def resolve(self, location: Location) -> tuple[str | int, ...]:
        """Give the longest part of a location that exists, leaving out steps that are no keys of it.

        pydantic puts the names of union members between keys; they are no part of the file.
        """
        node, found = self._root, []
        for step in location:
            below = _child(node, step)
            if below is not None:
                node = below[1]
                found.append(step)
        return tuple(found)

    def position(self, location: Location, *, key: bool = False) -> tuple[int, int]:
        """Find line and column (both from 1) of the deepest part of a location that exists.

        Args:
            location: Keys and indices from the top.
            key: Give the position of the last key rather than that of its value.
        """
        node, mark = self._root, None if self._root is None else self._root.start_mark
        for step in location:
            below = _child(node, step)
            if below is None:
                break
            name, node = below
            mark = name.start_mark if key else node.start_mark
        return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """Say what is wrong at a location."""
        return Problem(self.source, *self.position(location, key=key), key_path(location), message)

    def error(self, problems: Iterable[Problem]) -> PolicyError:
        """Make one error of several problems; see :func:`policy_error`."""
        return policy_error(problems)


def policy_error(problems: Iterable[Problem]) -> PolicyError:
    """Make one error of several problems: one a line, by file and line, five at most and a count."""
    lines = [str(one) for one in sorted(set(problems))]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return PolicyError("\n".join(itertools.chain(lines[:_SHOWN], more)))


_SHOWN = 5


class _Builder:
    """Builds plain values from nodes; collects keys that are given twice or are no text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.problems: list[Problem] = []
        self._built: dict[int, Any] = {}
        self._open: set[int] = set()
        self._scalars = SafeConstructor()

    def build(self, node: yaml.Node, location: tuple[str | int, ...]) -> Any:
        if id(node) in self._open:
            raise ConstructorError(None, None, "found an alias that contains itself", node.start_mark)
        if id(node) not in self._built:
            self._open.add(id(node))
            self._built[id(node)] = self._value(node, location)
            self._open.remove(id(node))
        return self._built[id(node)]

    def _value(self, node: yaml.Node, location: tuple[str | int, ...]) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(one, (*location, index)) for index, one in enumerate(node.value)]
        try:
            return self._scalars.construct_object(node, deep=True)
        except (ValueError, KeyError, OverflowError):
            return node.value

    def _mapping(self, node: yaml.MappingNode, location: tuple[str | int, ...]) -> dict[str, Any]:
        self._note_repeated_keys(node, location)
        self._scalars.flatten_mapping(node)
        built: dict[str, Any] = {}
        for name, value in node.value:
            key = self.build(name, location)
            if isinstance(key, str):
                built[key] = self.build(value, (*location, key))
            elif isinstance(name, yaml.ScalarNode):
                found = f"{name.value!r}, which YAML reads as {_kind(key)}: quote it"
                self._note(name, location, f"expected a text key, got {found}")
            else:
                self._note(name, location, "expected a text key, got a list or mapping")
        return built

    def _note_repeated_keys(self, node: yaml.MappingNode, location: tuple[str | int, ...]) -> None:
        first: dict[Hashable, yaml.Node] = {}
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode) or name.tag == _MERGE:
                continue
            earlier = first.setdefault(name.value, name)
            if earlier is not name:
                line = earlier.start_mark.line + 1
                self._note(name, (*location, name.value), f"key given twice, first on line {line}")

    def _note(self, node: yaml.Node, location: Location, message: str) -> None:
        mark = node.start_mark
        problem = Problem(self._source, mark.line + 1, mark.column + 1, key_path(location), message)
        self.problems.append(problem)


def _kind(value: object) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case None:
            return "null"
        case int() | float():
            return "a number"
        case _:
            return f"a {type(value).__name__}"


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Give the (key node, value node) below a node; the last one wins, as it does in the value."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        for name, value in reversed(node.value):
            if isinstance(name, yaml.ScalarNode) and name.value == step:
                return name, value
    return None

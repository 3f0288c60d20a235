"""Fields of JSON that was read from a file: each is what it has to be, or an error says what it was."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.errors import InputError

__all__ = ["flag", "items", "mapping", "name_of", "number", "one_of", "text", "whole"]


def mapping(value: Any, what: str = "body") -> Mapping[str, Any]:
    """Take a value for a mapping.

    Raises:
        InputError: It is none.
    """
    if not isinstance(value, dict):
        raise _wrong(what, "a mapping", value)
    return value


def items(body: Mapping[str, Any], key: str) -> list[Any]:
    """Take a list.

    Raises:
        InputError: It is absent or no list.
    """
    value = _present(body, key)
    if not isinstance(value, list):
        raise _wrong(key, "a list", value)
    return value


def text(body: Mapping[str, Any], key: str) -> str:
    """Take a text.

    Raises:
        InputError: It is absent or no text.
    """
    value = _present(body, key)
    if not isinstance(value, str):
        raise _wrong(key, "a text", value)
    return value


def name_of(body: Mapping[str, Any], key: str) -> str | None:
    """Take a text or null.

    Raises:
        InputError: It is absent or something else.
    """
    return None if _present(body, key) is None else text(body, key)


def one_of(body: Mapping[str, Any], key: str, known: Sequence[str]) -> Any:
    """Take one of some words.

    Raises:
        InputError: It is absent or another.
    """
    value = _present(body, key)
    if not isinstance(value, str) or value not in known:
        raise _wrong(key, f"one of {', '.join(known)}", value)
    return value


def flag(body: Mapping[str, Any], key: str) -> bool:
    """Take true or false.

    Raises:
        InputError: It is absent or neither.
    """
    value = _present(body, key)
    if not isinstance(value, bool):
        raise _wrong(key, "true or false", value)
    return value


def whole(body: Mapping[str, Any], key: str) -> int:
    """Take a count: a whole number of at least 0.

    Raises:
        InputError: It is absent or something else.
    """
    value = _present(body, key)
    if type(value) is not int or value < 0:
        raise _wrong(key, "a whole number of at least 0", value)
    return value


def number(body: Mapping[str, Any], key: str) -> float:
    """Take a finite number.

    Raises:
        InputError: It is absent or something else.
    """
    value = _present(body, key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(key, "a finite number", value)
    return float(value)


def _present(body: Mapping[str, Any], key: str) -> Any:
    if key not in body:
        raise InputError(f"expected a key {key!r}, got {', '.join(map(repr, body)) or 'none'}")
    return body[key]


def _wrong(key: str, expected: str, value: Any) -> InputError:
    return InputError(f"{key}: expected {expected}, got {value!r}")

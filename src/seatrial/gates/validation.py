"""What pydantic finds wrong with a policy, in the words of somebody who wrote YAML."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from seatrial.gates.document import Document, Problem
from seatrial.gates.policy import Baseline, Dataset, Defaults, Policy, Statistics, Waiver
from seatrial.gates.rules import RULES, UNAVAILABLE
from seatrial.slices import Bins, SliceSpec
from seatrial.spelling import did_you_mean, one_of

__all__ = ["problems_of"]

_SECTIONS: dict[str, type[BaseModel]] = {
    "dataset": Dataset,
    "baseline": Baseline,
    "statistics": Statistics,
    "defaults": Defaults,
}

#: Keys that are planned and must not be taken for ones that do something.
_UNAVAILABLE_KEYS: dict[tuple[str, ...], str] = {
    ("dataset", "max_uses"): "max_uses is not available yet, and a limit is never ignored: remove it"
}

_EXPECTED = {
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} characters",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "list_type": "a list",
    "tuple_type": "a list",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
}

_PATTERNS = {
    "alias": "letters, digits, '_' and '-' only",
    "id": "a name without spaces at its ends or control characters",
    "check": "a name without spaces at its ends or control characters",
    "owner": "who answers for it",
    "reason": "why it is waived",
}

_LONGEST = 60


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """Turn a validation error into problems that say where, what was expected and what was there."""
    return [_problem(dict(one), document) for one in error.errors()]


def _problem(found: dict[str, Any], document: Document) -> Problem:
    location = found["loc"]
    inner = document.resolve(location)
    match found["type"]:
        case "extra_forbidden":
            return document.problem(inner, _unknown_key(location, inner), key=True)
        case "missing":
            there = ", ".join(found["input"]) if isinstance(found["input"], dict) else ""
            message = f"expected a key {location[-1]!r}, got {there or 'nothing'}"
            return document.problem(inner, message, key=True)
        case "union_tag_invalid":
            return document.problem((*inner, "type"), _unknown_type(found["ctx"]["tag"]))
        case "union_tag_not_found":
            there = ", ".join(found["input"]) if isinstance(found["input"], dict) else "none"
            return document.problem(inner, f"expected a key 'type' ({', '.join(RULES)}), got {there}")
        case "value_error":
            return document.problem(inner, _own_words(found))
        case _:
            return document.problem(inner, f"{_expectation(found, inner)}, got {_shown(found['input'])}")


def _unknown_key(location: tuple[Any, ...], inner: tuple[str | int, ...]) -> str:
    unavailable = _UNAVAILABLE_KEYS.get(tuple(map(str, inner)))
    if unavailable is not None:
        return unavailable
    known = list(_known_keys(location))
    return f"unknown key; expected one of {', '.join(known)}{did_you_mean(inner[-1], known)}"


def _known_keys(location: tuple[Any, ...]) -> Iterable[str]:
    match location:
        case ("rules", int(), str(type_), _):
            model: type[BaseModel] = RULES[type_]
        case ("slices", _, _):
            model = SliceSpec
        case ("slices", _, "by", _, _):
            model = Bins
        case ("waivers", int(), _):
            model = Waiver
        case (str(section), _):
            model = _SECTIONS[section]
        case _:
            model = Policy
    return (field.alias or name for name, field in model.model_fields.items())


def _unknown_type(tag: object) -> str:
    if isinstance(tag, str) and tag in UNAVAILABLE:
        return UNAVAILABLE[tag]
    return one_of(tag, RULES, "a rule type")


def _own_words(found: dict[str, Any]) -> str:
    words = str(found["ctx"]["error"])
    complete = not words.startswith("expected") or ", got " in words
    return words if complete else f"{words}, got {_shown(found['input'])}"


def _expectation(found: dict[str, Any], inner: tuple[str | int, ...]) -> str:
    context = found.get("ctx", {})
    match found["type"]:
        case "literal_error":
            words = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
            hint = did_you_mean(found["input"], words) if len(words) > 1 else ""
            return f"expected {' or '.join(words)}{hint.replace('; ', ' (') + ')' if hint else ''}"
        case "string_pattern_mismatch":
            return f"expected {_PATTERNS.get(str(inner[-1]), 'other text')}"
        case "string_type" if not isinstance(found["input"], dict | list | None):
            return "expected text (quote it)"
        case kind if kind in _EXPECTED:
            return f"expected {_EXPECTED[kind].format(**context)}"
        case _:
            return str(found["msg"])[:1].lower() + str(found["msg"])[1:]


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case str():
            return repr(value if len(value) <= _LONGEST else value[:_LONGEST] + "…")
        case _:
            return str(value)

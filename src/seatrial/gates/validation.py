"""What pydantic finds wrong with a policy, in the words of somebody who wrote YAML."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from seatrial.gates.document import Document, Problem
from seatrial.gates.policy import Baseline, Dataset, Defaults, Detection, Policy, Statistics, Waiver
from seatrial.gates.rules import RULES
from seatrial.gates.scenario import Expectation, Scenario
from seatrial.slices import Bins, Confirmed, Discovery, Found, SliceSpec
from seatrial.spelling import did_you_mean, one_of

__all__ = ["problems_of"]

#: What is read at which place; ``*`` is any key or index.
_MODELS: tuple[tuple[tuple[str, ...], type[BaseModel]], ...] = (
    (("dataset",), Dataset),
    (("baseline",), Baseline),
    (("statistics",), Statistics),
    (("detection",), Detection),
    (("defaults",), Defaults),
    (("slices", "*"), SliceSpec),
    (("slices", "*", "by", "*"), Bins),
    (("slices", "*", "discovered"), Discovery),
    (("slices", "*", "discovered", "found"), Found),
    (("slices", "*", "discovered", "confirmed"), Confirmed),
    (("scenarios", "*"), Scenario),
    (("scenarios", "*", "expect"), Expectation),
    (("waivers", "*"), Waiver),
)

#: Keys of a policy file that are resolved when it is read.
_OF_FILES = ("includes",)

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
    "because": "why it was frozen",
}

_LONGEST = 60


def problems_of(error: ValidationError, document: Document, model: type[BaseModel] = Policy) -> list[Problem]:
    """Turn a validation error into problems that say where, what was expected and what was there.

    Args:
        error: What pydantic says.
        document: The file.
        model: What the file is read as.
    """
    return [_problem(dict(one), document, model) for one in error.errors()]


def _problem(found: dict[str, Any], document: Document, model: type[BaseModel]) -> Problem:
    location = found["loc"]
    inner = document.resolve(location)
    match found["type"]:
        case "extra_forbidden":
            return document.problem(inner, _unknown_key(location, inner, model), key=True)
        case "missing":
            there = ", ".join(found["input"]) if isinstance(found["input"], dict) else ""
            message = f"expected a key {location[-1]!r}, got {there or 'nothing'}"
            return document.problem(inner, message, key=True)
        case "union_tag_invalid":
            message = one_of(found["ctx"]["tag"], RULES, "a rule type")
            return document.problem((*inner, "type"), message)
        case "union_tag_not_found":
            there = ", ".join(found["input"]) if isinstance(found["input"], dict) else "none"
            return document.problem(inner, f"expected a key 'type' ({', '.join(RULES)}), got {there}")
        case "value_error":
            return document.problem(inner, _own_words(found))
        case _:
            return document.problem(inner, f"{_expectation(found, inner)}, got {_shown(found['input'])}")


def _unknown_key(location: tuple[Any, ...], inner: tuple[str | int, ...], whole: type[BaseModel]) -> str:
    known = list(_known_keys(location, whole))
    return f"unknown key; expected one of {', '.join(known)}{did_you_mean(inner[-1], known)}"


def _known_keys(location: tuple[Any, ...], whole: type[BaseModel]) -> Iterable[str]:
    match location:
        case ("rules", int(), str(type_), _):
            model: type[BaseModel] = RULES[type_]
        case _:
            model = next((one for pattern, one in _MODELS if _fits(location[:-1], pattern)), whole)
    more = _OF_FILES if model is Policy else ()
    return (*(field.alias or name for name, field in model.model_fields.items()), *more)


def _fits(location: tuple[Any, ...], pattern: tuple[str, ...]) -> bool:
    return len(location) == len(pattern) and all(
        wanted in {"*", step} for step, wanted in zip(location, pattern, strict=True)
    )


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

"""What pydantic finds wrong with a file, in the words of somebody who wrote YAML or JSON."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from seatrial.spelling import did_you_mean

__all__ = ["Location", "fault_text", "faults", "key_path", "shown"]

#: Keys and indices from the top of a file.
Location = Sequence[str | int]

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
    "string_pattern_mismatch": "text that matches {pattern}",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
}

_LONGEST = 60
_LISTED = 5


def key_path(location: Location) -> str:
    """Write a location as people do: ``("rules", 2, "metric")`` is ``rules[2].metric``."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def faults(error: ValidationError, model: type[BaseModel]) -> str:
    """Say in one line what is wrong: each fault with its key, five at most and a count.

    Args:
        error: What pydantic says.
        model: What was read.
    """
    told = [_placed(dict(one), model) for one in error.errors(include_url=False)]
    more = [f"and {len(told) - _LISTED} more"] if len(told) > _LISTED else []
    return "; ".join([*told[:_LISTED], *more])


def fault_text(fault: Mapping[str, Any], model: type[BaseModel], more: Sequence[str] = ()) -> str:
    """Say what was expected and what was there.

    Args:
        fault: One of ``ValidationError.errors()``.
        model: What was read.
        more: Keys that the file takes at its top besides those of the model.
    """
    location, found = fault["loc"], fault["input"]
    match fault["type"]:
        case "extra_forbidden":
            known = [*_keys_at(model, location[:-1]), *(more if len(location) == 1 else ())]
            return f"unknown key; expected one of {', '.join(known)}{did_you_mean(location[-1], known)}"
        case "missing" if isinstance(location[-1], int):
            return f"expected at least {location[-1] + 1} items, got {len(found)}"
        case "missing":
            there = ", ".join(map(str, found)) if isinstance(found, dict) else ""
            return f"expected a key {location[-1]!r}, got {there or 'nothing'}"
        case "value_error":
            words = str(fault["ctx"]["error"])
            complete = not words.startswith("expected") or ", got " in words
            return words if complete else f"{words}, got {shown(found)}"
        case _:
            return f"{_expectation(fault)}, got {shown(found)}"


def shown(value: object) -> str:
    """Show what was there: a scalar as YAML writes it, 60 characters of a text, the kind of anything else."""
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


def _expectation(fault: Mapping[str, Any]) -> str:
    context = fault.get("ctx", {})
    match fault["type"]:
        case "literal_error" | "enum":
            words = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
            hint = did_you_mean(fault["input"], words) if len(words) > 1 else ""
            return f"expected {' or '.join(words)}{hint.replace('; ', ' (') + ')' if hint else ''}"
        case "string_type" if not isinstance(fault["input"], dict | list | None):
            return "expected text (quote it)"
        case kind if kind in _EXPECTED:
            return f"expected {_EXPECTED[kind].format(**context)}"
        case _:
            return str(fault["msg"])[:1].lower() + str(fault["msg"])[1:]


def _placed(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    location = fault["loc"]
    # what is missing is not there, and an unknown key is none of the model's
    of_file = location[:-1] if fault["type"] in {"missing", "extra_forbidden"} else location
    unknown = location[-1:] if fault["type"] == "extra_forbidden" else ()
    where = key_path([*_follow(model, of_file)[0], *unknown])
    return f"{where}: {fault_text(fault, model)}" if where else fault_text(fault, model)


def _keys_at(model: type[BaseModel], location: Location) -> Iterator[str]:
    """Give the keys that are read at a place."""
    _, there = _follow(model, location)
    for _, kind in (one for annotation in there for one in _kinds(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (field.alias or name for name, field in kind.model_fields.items())


def _follow(model: type[BaseModel], location: Location) -> tuple[list[str | int], list[Any]]:
    """Go down from a model.

    Returns:
        The keys and indices of the location, without what pydantic puts between them (the names of a
        union's members), and the annotations of what is read there.
    """
    steps: list[str | int] = []
    there: list[Any] = [model]
    for step in location:
        kinds = [one for annotation in there for one in _kinds(annotation)]
        if tagged := [kind for tag, kind in kinds if tag == step]:
            there = tagged
        elif below := [one for _, kind in kinds for one in _below(kind, step)]:
            there = below
            steps.append(step)
    return steps, there


def _kinds(annotation: Any) -> Iterator[tuple[str | None, Any]]:
    """Give the types that an annotation allows, each with its tag where a key tells them apart."""
    inner, *about = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if get_origin(inner) not in {Union, UnionType}:
        yield None, inner
        return
    by = next((one.discriminator for one in about if isinstance(one, FieldInfo) and one.discriminator), None)
    for member in get_args(inner):
        if isinstance(by, str):
            yield get_args(member.model_fields[by].annotation)[0], member
        else:
            yield from _kinds(member)


def _below(kind: Any, step: str | int) -> list[Any]:
    """Give the annotations of what a key or an index of a type holds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return [Annotated[field.annotation, field] for name, field in fields if step in {name, field.alias}]
    arguments = [one for one in get_args(kind) if one is not Ellipsis]
    if get_origin(kind) in {dict, Mapping}:
        return arguments[1:]
    return arguments if get_origin(kind) in {list, tuple} and isinstance(step, int) else []

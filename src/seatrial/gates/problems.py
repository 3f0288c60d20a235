"""What is wrong with a policy or a file of scenarios, and where."""

from typing import Any

from pydantic import BaseModel, ValidationError

from seatrial.gates.document import Document, Problem
from seatrial.gates.policy import Policy
from seatrial.gates.rules import RULES
from seatrial.spelling import one_of
from seatrial.validation import fault_text, shown

__all__ = ["problems_of"]

#: Keys of a policy file that are resolved when it is read.
_OF_FILES = ("includes",)

_PATTERNS = {
    "alias": "letters, digits, '_' and '-' only",
    "id": "a name without spaces at its ends or control characters",
    "check": "a name without spaces at its ends or control characters",
    "owner": "who answers for it",
    "reason": "why it is waived",
    "because": "why it was frozen",
}


def problems_of(error: ValidationError, document: Document, model: type[BaseModel] = Policy) -> list[Problem]:
    """Turn a validation error into problems that say where, what was expected and what was there.

    Args:
        error: What pydantic says.
        document: The file.
        model: What the file is read as.
    """
    return [_problem(dict(one), document, model) for one in error.errors(include_url=False)]


def _problem(fault: dict[str, Any], document: Document, model: type[BaseModel]) -> Problem:
    inner = document.resolve(fault["loc"])
    match fault["type"]:
        case "union_tag_invalid":
            return document.problem((*inner, "type"), one_of(fault["ctx"]["tag"], RULES, "a rule type"))
        case "union_tag_not_found":
            there = ", ".join(fault["input"]) if isinstance(fault["input"], dict) else "none"
            return document.problem(inner, f"expected a key 'type' ({', '.join(RULES)}), got {there}")
        case "string_pattern_mismatch" if inner[-1] in _PATTERNS:
            return document.problem(
                inner, f"expected {_PATTERNS[str(inner[-1])]}, got {shown(fault['input'])}"
            )
        case kind:
            text = fault_text(fault, model, _OF_FILES if model is Policy else ())
            return document.problem(inner, text, key=kind in {"extra_forbidden", "missing"})

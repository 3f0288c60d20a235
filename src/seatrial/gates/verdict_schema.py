"""The JSON Schema of verdicts, for whoever reads them with another program."""

import json
from typing import Any

from seatrial.gates.rules import RULES
from seatrial.gates.verdict import SCHEMA_VERSION, Outcome

__all__ = ["verdict_schema", "verdict_schema_text"]

_TEXT = {"type": "string"}
_NUMBER = {"type": ["number", "null"]}
_COUNT = {"type": ["integer", "null"], "minimum": 0}

#: What each field of a decision holds, in its order.
_DECISION: dict[str, Any] = {
    "rule": {**_TEXT, "description": "The rule's id."},
    "type": {"enum": list(RULES), "description": "The rule's type."},
    "severity": {"enum": ["block", "warn"], "description": "block decides the verdict, warn is reported."},
    "slice": {**_TEXT, "description": "Slice, scenario or data check that was judged."},
    "metric": {"type": ["string", "null"], "description": "Metric; null for data, coverage and scenarios."},
    "class": {"type": ["string", "null"], "description": "Class that the metric is of; null for overall."},
    "outcome": {"enum": [str(one) for one in Outcome], "description": "How it ended."},
    "reason": {**_TEXT, "description": "One sentence with the numbers in it."},
    "value": {**_NUMBER, "description": "What was judged: a value, a difference, a gap, a count or a share."},
    "low": {**_NUMBER, "description": "Lower bound of its interval."},
    "high": {**_NUMBER, "description": "Upper bound of its interval."},
    "limit": {**_NUMBER, "description": "What it was held against."},
    "n": {**_COUNT, "description": "Samples behind it."},
    "n_needed": {**_COUNT, "description": "How many more samples would decide it; null where unknown."},
    "blocking": {"type": "boolean", "description": "Whether it keeps the verdict from passing."},
    "waiver": {
        "description": "The waiver that applied; null where none did.",
        "anyOf": [
            {"type": "null"},
            {
                "type": "object",
                "properties": {
                    "owner": _TEXT,
                    "reason": _TEXT,
                    "expires": {"type": "string", "format": "date"},
                },
                "required": ["owner", "reason", "expires"],
                "additionalProperties": False,
            },
        ],
    },
}


def verdict_schema() -> dict[str, Any]:
    """Build the schema of ``verdict.json``."""
    texts = {"type": "array", "items": _TEXT}
    properties = {
        "schema_version": {"const": SCHEMA_VERSION},
        "outcome": {
            "enum": ["pass", "fail", "inconclusive", "error"],
            "description": "error > fail > inconclusive > pass over what blocks; only pass promotes.",
        },
        "decisions": {"type": "array", "items": {"$ref": "#/$defs/Decision"}},
        "inputs": {"type": "object", "description": "What was judged, by name and digest."},
        "problems": {**texts, "description": "Why the outcome is error although no decision says so."},
        "notes": {**texts, "description": "What else a reader must know."},
    }
    decision = {
        "type": "object",
        "description": "One rule on one slice.",
        "properties": _DECISION,
        "required": list(_DECISION),
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Seatrial verdict",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": {"Decision": decision},
    }


def verdict_schema_text() -> str:
    """Write the schema as ``verdict.schema.json`` holds it."""
    return json.dumps(verdict_schema(), indent=2, ensure_ascii=False) + "\n"

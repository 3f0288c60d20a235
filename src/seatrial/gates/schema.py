"""The JSON Schema of policies, which editors complete and check by."""

import json
from typing import Any

from seatrial.gates.policy import Policy

__all__ = ["policy_schema", "policy_schema_text"]


def policy_schema() -> dict[str, Any]:
    """Build the schema from the models that validate policies."""
    schema = _tidy(Policy.model_json_schema(by_alias=True))
    types = schema["$defs"]
    types["Data"]["oneOf"] = [{"required": ["max_count"]}, {"required": ["max_share"]}]
    types["SliceSpec"]["anyOf"] = [{"required": [key]} for key in ("where", "by", "cluster", "ids")]
    # a list of names is read as a mapping without bins, which the model's own schema does not know
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
    types["SliceSpec"]["properties"]["by"]["anyOf"].insert(0, names)
    types["SliceSpec"]["properties"]["ids"]["anyOf"].insert(0, names)
    samples = types["Scenario"]["properties"]["samples"]
    description = samples.pop("description")
    types["Scenario"]["properties"]["samples"] = {"description": description, "anyOf": [names, samples]}
    types["Expectation"]["oneOf"] = [{"required": ["min"]}, {"required": ["max"]}]
    # what names other files is resolved before the model sees it
    scenarios = schema["properties"].pop("scenarios")
    schema["properties"]["scenarios"] = {
        "description": scenarios.pop("description"),
        "anyOf": [{"type": "string"}, scenarios],
    }
    schema["properties"]["includes"] = {
        "description": "Policies that this one extends, as paths beside it; it may only tighten them.",
        "type": "array",
        "items": {"type": "string"},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Seatrial policy", **schema}


def policy_schema_text() -> str:
    """Write the schema as ``policy.schema.json`` holds it."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Leave out titles that repeat a key, hints that JSON Schema does not know, and all but summaries."""
    if isinstance(node, list):
        return [_tidy(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {_BOUNDS.get(key, key): _tidy(value) for key, value in node.items() if not _noise(key, value)}
    if isinstance(kept.get("description"), str):
        kept["description"] = kept["description"].split("\n\n")[0]
    return kept


#: How pydantic writes bounds behind a validator of our own, and how JSON Schema does.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def _noise(key: str, value: Any) -> bool:
    if key == "discriminator":
        return isinstance(value, dict) and "propertyName" in value
    return key == "title" and isinstance(value, str)

"""pydantic's faults in words, wherever in a model they are."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seatrial.gates.policy import Policy
from seatrial.inference.options import ModelOptions
from seatrial.validation import faults, key_path


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Circle(_Part):
    type: Literal["circle"]
    radius: Annotated[float, Field(gt=0)]


class Square(_Part):
    type: Literal["square"]
    side: Annotated[int, Field(ge=1)]
    circle: str = ""


class Drawing(_Part):
    name: str = Field(alias="title")
    shapes: tuple[Annotated[Circle | Square, Field(discriminator="type")], ...] = ()
    named: dict[str, Circle | None] = {}
    at: tuple[float, float] = (0, 0)


def told(model, value):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return faults(caught.value, model)


SQUARE = {"type": "square", "side": 1}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "expected a key 'title', got nothing"),
        ([], "expected a mapping (key: value), got a list"),
        (
            {"titel": "a"},
            "expected a key 'title', got titel; titel: unknown key; expected one of title, shapes",
        ),
        (
            {"title": "a", "shapes": [SQUARE, {"type": "circle", "radius": 1, "side": 2}]},
            "shapes[1].side: unknown key; expected one of type, radius",
        ),
        (
            {"title": "a", "shapes": [SQUARE | {"radius": 2}]},
            "shapes[0].radius: unknown key; expected one of type, side, circle",
        ),
        (
            {"title": "a", "shapes": [SQUARE | {"circle": 1}]},
            "shapes[0].circle: expected text (quote it), got 1",
        ),
        (
            {"title": "a", "named": {"o": {"type": "circle", "radus": 1, "radius": 2}}},
            "named.o.radus: unknown key; expected one of type, radius; did you mean 'radius'?",
        ),
        (
            {"title": "a", "named": {"o": {"type": "circle", "radius": 0}}},
            "named.o.radius: expected a number above 0.0, got 0",
        ),
        ({"title": "a", "at": [1]}, "at: expected at least 2 items, got 1"),
        ({"title": "a", "shapes": [{**SQUARE, "side": 0}] * 7}, "; and 2 more"),
    ],
)
def test_a_fault_says_where_what_was_expected_and_what_was_there(value, message):
    assert message in told(Drawing, value)


def test_the_keys_of_every_section_are_known():
    assert (
        "letterbox.sise: unknown key; expected one of size, fill, stride, enlarge; did you mean 'size'?"
        in told(ModelOptions, {"preprocess": {"letterbox": {"sise": 32, "size": 32}}})
    )
    rules = [{"id": "even", "type": "gap", "metric": "accuracy", "max": 0.1, "min": 0.2}]
    policy = told(Policy, {"apiVersion": "seatrial/v1", "rules": rules})
    assert policy.startswith("rules[0].min: unknown key; expected one of id, severity, slice, ")


def test_a_key_path_reads_as_people_write_it():
    assert key_path(("rules", 2, "metric")) == "rules[2].metric"

"""Class values of pixels are found in every convention."""

import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference.adapters.logits import LogitsAdapter
from seatrial.inference.network import NamedOutputs

_VALUES = torch.rand(2, 3, 8, 12)


@pytest.mark.parametrize(
    "output",
    [
        _VALUES,
        (_VALUES, torch.zeros(2, 5)),
        {"out": _VALUES, "aux": torch.zeros(2, 3, 8, 12)},
        {"logits": _VALUES},
        NamedOutputs({"any name": _VALUES}),
    ],
)
def test_it_is_found(inputs, output):
    torch.testing.assert_close(LogitsAdapter().read(output, inputs()), _VALUES)


def test_one_channel_is_enough_for_two_classes(inputs):
    values = torch.tensor([[[[-1.0, 2.0]]]])
    found = LogitsAdapter().read(values, inputs(1, classes=("background", "nucleus")))
    assert found.argmax(1).tolist() == [[[0, 1]]]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"aux": _VALUES}, r"expected \(2, 3, h, w\) for 3 classes, the model returned a mapping \{'aux'"),
        (_VALUES[:1], r"returned a tensor shaped \(1, 3, 8, 12\)"),
        (_VALUES[:, :2], r"shaped \(2, 2, 8, 12\); name the model's classes \('cat', 'dog', 'cow' now\)"),
        (_VALUES[0], r"shaped \(3, 8, 12\)"),
        (_VALUES * torch.nan, "expected class values that are numbers"),
    ],
)
def test_another_output_says_what_was_expected(inputs, output, message):
    with pytest.raises(ModelError, match=message):
        LogitsAdapter().read(output, inputs())

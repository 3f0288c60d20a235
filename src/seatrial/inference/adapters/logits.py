"""Adapter ``logits``: class values of every pixel, plain or as torchvision returns them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from seatrial.errors import ModelError, examples
from seatrial.inference.adapters.adapter import Inputs, SegmentationAdapter, fixed_size
from seatrial.inference.adapters.expectation import first_tensor, unexpected
from seatrial.inference.adapters.suppression import finite
from seatrial.inference.network import InputShape, NamedOutputs

__all__ = ["LogitsAdapter"]

_RANK = 4
_TWO = 2
_SHORTER_SIDE = 520
_KEYS = ("out", "logits", "probabilities")


class LogitsAdapter(SegmentationAdapter):
    """Reads a tensor (n, classes, h, w), the first of several, or ``out`` or ``logits`` of a mapping.

    With two classes, one channel is enough: the logit of the second class.
    """

    def preprocess(self, shape: InputShape) -> dict[str, Any]:
        """Resize to the model's own size, or the shorter side to 520; ImageNet's mean and deviation."""
        return {"resize": fixed_size(shape) or _SHORTER_SIDE, "crop": None}

    def read(self, output: Any, inputs: Inputs) -> Tensor:
        """Find the class values."""
        count = len(inputs.classes)
        expected = f"({inputs.count}, {count}, h, w) for {count} classes"
        found = output
        if isinstance(output, Mapping) and not isinstance(output, NamedOutputs):
            found = next((output[key] for key in _KEYS if key in output), None)
        values = first_tensor(found, _RANK, expected) if found is not None else None
        if values is None or len(values) != inputs.count:
            raise unexpected(expected, output)
        if values.shape[1] == 1 and count == _TWO:
            values = torch.cat([torch.zeros_like(values), values], dim=1)
        if values.shape[1] != count:
            raise ModelError(
                f"{unexpected(expected, output)}; name the model's classes ({examples(inputs.classes)} now), "
                "in its order, with the option classes"
            )
        return finite(values, "class values")

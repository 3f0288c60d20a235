"""What an adapter looks for in a model's output, and what it says when it is not there."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.network import described

__all__ = ["first_tensor", "tensors_of", "unexpected"]


def unexpected(expected: str, output: Any) -> ModelError:
    """Say what was expected and what the model returned, with all shapes."""
    return ModelError(f"expected {expected}, the model returned {described(output)}")


def tensors_of(output: Any) -> list[Tensor]:
    """List the tensors of an output, in its order, of nested sequences and mappings too."""
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, Mapping):
        return [tensor for value in output.values() for tensor in tensors_of(value)]
    if isinstance(output, tuple | list):
        return [tensor for value in output for tensor in tensors_of(value)]
    return []


def first_tensor(output: Any, rank: int, expected: str) -> Tensor:
    """Find the first tensor of ``rank`` dimensions, as float32.

    Raises:
        ModelError: There is none; the message says what was expected.
    """
    for tensor in tensors_of(output):
        if tensor.ndim == rank and tensor.is_floating_point():
            return tensor.float()
    raise unexpected(expected, output)

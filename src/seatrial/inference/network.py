"""What every loaded model looks like to the runner, whatever its file format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from seatrial.errors import ModelError

__all__ = ["BatchRange", "InputShape", "Network", "NetworkOutput", "read_output"]

_VALUES = ("logits", "probabilities", "out")
_EMBEDDINGS = ("embeddings", "embedding")

_MATRIX = 2

#: Channels, height and width; None where the model takes any.
InputShape = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class BatchRange:
    """Batch sizes that a model takes; a model exported with a fixed batch takes exactly one."""

    low: int = 1
    high: int = 1 << 30


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """What a model returned for a batch, on its device.

    Attributes:
        values: Logits or probabilities, as the model gives them.
        embeddings: Penultimate layer, shape (n, width); None where not available.
    """

    values: Tensor
    embeddings: Tensor | None = None


class Network(Protocol):
    """A model that takes normalised pixels and returns class values."""

    @property
    def device(self) -> torch.device:
        """Where the pixels must be."""

    @property
    def batch(self) -> BatchRange:
        """Batch sizes that the model takes."""

    @property
    def shape(self) -> InputShape:
        """Channels, height and width that the model takes."""

    @property
    def precision(self) -> str:
        """Name of the type in which it computes."""

    def forward(self, pixels: Tensor) -> NetworkOutput:
        """Run the model on pixels of shape (n, 3, height, width), float32, channels last in memory."""


def read_output(raw: Any) -> NetworkOutput:
    """Find class values and embeddings in what a model returned.

    Args:
        raw: A tensor; a sequence whose first item is one and whose second, if any, holds embeddings; or a
            mapping with ``logits``, ``probabilities`` or ``out`` and perhaps ``embeddings``.

    Raises:
        ModelError: It is none of these.
    """
    if isinstance(raw, Tensor):
        return NetworkOutput(raw)
    if isinstance(raw, Mapping):
        found = next((raw[key] for key in _VALUES if isinstance(raw.get(key), Tensor)), None)
        if found is None:
            raise ModelError(
                f"the model returned a mapping with keys {list(raw)}: "
                f"expected one of {list(_VALUES)} to hold a tensor"
            )
        return NetworkOutput(found, _matrix(next((raw[key] for key in _EMBEDDINGS if key in raw), None)))
    if isinstance(raw, tuple | list) and raw and isinstance(raw[0], Tensor):
        return NetworkOutput(raw[0], _matrix(raw[1] if len(raw) > 1 else None))
    raise ModelError(
        f"the model returned a {type(raw).__name__}: expected a tensor, (logits, embeddings) or "
        '{"logits": …, "embeddings": …}'
    )


def _matrix(value: Any) -> Tensor | None:
    """Take embeddings of shape (n, width) or (n, width, 1, …); anything else is not one vector an image."""
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.ndim < _MATRIX:
        return None
    return value.flatten(1) if value[0].numel() == value.shape[1] else None

"""What every loaded model looks like to the runner, whatever its file format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from seatrial.errors import ModelError

__all__ = [
    "BatchRange",
    "ClassValues",
    "InputShape",
    "NamedOutputs",
    "Network",
    "NetworkOutput",
    "class_values",
    "described",
    "read_output",
    "returned_embeddings",
]

_VALUES = ("logits", "probabilities", "out")
_EMBEDDINGS = ("embeddings", "embedding")

_MATRIX = 2
_SHOWN = 4

#: Channels, height and width; None where the model takes any.
InputShape = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class BatchRange:
    """Batch sizes that a model takes; a model exported with a fixed batch takes exactly one."""

    low: int = 1
    high: int = 1 << 30


class NamedOutputs(dict[str, Tensor]):
    """Outputs in the order of a graph, by names that nobody promised to mean anything."""


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """What a model returned for a batch, on its device.

    Attributes:
        raw: As the model gives it.
        watched: One vector an image, taken from inside of the model, shape (n, width); None where not
            available.
    """

    raw: Any
    watched: Tensor | None = None


@dataclass(frozen=True, slots=True)
class ClassValues:
    """What a classifier returned: logits or probabilities, and embeddings of shape (n, width) or None."""

    values: Tensor
    embeddings: Tensor | None = None


class Network(Protocol):
    """A model that takes normalised pixels and returns something."""

    @property
    def device(self) -> torch.device:
        """Where the pixels must be."""

    @property
    def on_processor(self) -> bool:
        """Whether it computes on the processor, with all of its cores."""

    @property
    def batch(self) -> BatchRange:
        """Batch sizes that the model takes."""

    @property
    def shape(self) -> InputShape:
        """Channels, height and width that the model takes."""

    @property
    def precision(self) -> str:
        """Name of the type in which it computes."""

    @property
    def adapter(self) -> str | None:
        """Adapter that certainly reads what a detector returns; None where one has to be named."""

    def forward(self, pixels: Tensor | list[Tensor]) -> NetworkOutput:
        """Run the model.

        Args:
            pixels: Shape (n, 3, height, width), float32, channels last in memory; or, for a model that takes
                a list of images, n tensors of shape (3, height, width).
        """


def read_output(raw: Any) -> ClassValues:
    """Find class values and embeddings in what a model returned.

    Args:
        raw: A tensor; a sequence whose first item is one and whose second, if any, holds embeddings; or a
            mapping with ``logits``, ``probabilities`` or ``out`` and perhaps ``embeddings``. Of the outputs
            of a graph the first holds the values, another of two dimensions the embeddings.

    Raises:
        ModelError: It is none of these.
    """
    if isinstance(raw, Tensor):
        return ClassValues(raw)
    if isinstance(raw, NamedOutputs):
        first, *others = raw.values()
        matrices = [one for one in others if one.ndim == _MATRIX and one.is_floating_point()]
        return ClassValues(first, matrices[0] if matrices else None)
    if isinstance(raw, Mapping):
        found = next((raw[key] for key in _VALUES if isinstance(raw.get(key), Tensor)), None)
        if found is None:
            raise ModelError(
                f"the model returned a mapping with keys {list(raw)}: "
                f"expected one of {list(_VALUES)} to hold a tensor"
            )
        return ClassValues(found, returned_embeddings(raw))
    if isinstance(raw, tuple | list) and raw and isinstance(raw[0], Tensor):
        return ClassValues(raw[0], _matrix(raw[1] if len(raw) > 1 else None))
    raise ModelError(
        f"the model returned a {type(raw).__name__}: expected a tensor, (logits, embeddings) or "
        '{"logits": …, "embeddings": …}'
    )


def class_values(output: NetworkOutput) -> ClassValues:
    """Find class values and embeddings; those that the model returned win over the watched ones.

    Raises:
        ModelError: The model returned no class values.
    """
    found = read_output(output.raw)
    return found if found.embeddings is not None else ClassValues(found.values, output.watched)


def returned_embeddings(raw: Any) -> Tensor | None:
    """Find the embeddings, shape (n, width), that a model returned by name; None where there are none."""
    if not isinstance(raw, Mapping):
        return None
    return _matrix(next((raw[key] for key in _EMBEDDINGS if key in raw), None))


def described(raw: Any) -> str:
    """Name the structure and the shapes of what a model returned, for messages; at most four of each."""
    if isinstance(raw, Tensor):
        return f"a tensor shaped {tuple(raw.shape)}"
    if isinstance(raw, Mapping):
        shown = [f"{key!r}: {described(value)}" for key, value in list(raw.items())[:_SHOWN]]
        return f"a mapping {{{', '.join(shown)}{_more(len(raw))}}}"
    if isinstance(raw, tuple | list):
        shown = [described(value) for value in raw[:_SHOWN]]
        return f"a {type(raw).__name__} of {len(raw)} ({', '.join(shown)}{_more(len(raw))})"
    return f"a {type(raw).__name__}"


def _more(count: int) -> str:
    return ", …" if count > _SHOWN else ""


def _matrix(value: Any) -> Tensor | None:
    """Take embeddings of shape (n, width) or (n, width, 1, …); anything else is not one vector an image."""
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.ndim < _MATRIX:
        return None
    return value.flatten(1) if value[0].numel() == value.shape[1] else None

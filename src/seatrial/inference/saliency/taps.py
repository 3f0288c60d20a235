"""Feature maps inside of a model, taken while it runs, whatever its architecture.

Which layer shows best where a model looked has no fixed name. It is found by running: of all layers whose
output keeps the places of the input (feature maps of convolutions, tokens of transformers), the last one that
the explained score still depends on place by place.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn

from seatrial.errors import InputError
from seatrial.spelling import unknown

__all__ = ["Tap", "Taps"]

_MAP, _TOKENS = 4, 3

#: Rows and columns from which a grid shows where something is.
_FINE = 4

#: Logarithm by which a grid's proportion may miss the input's: what convolutions without padding do.
_PROPORTION = 0.35

#: Tokens in front of those of places: none, a class token, a distillation token, up to 8 registers.
_MOST_PREFIX = 9

#: Layers whose output has no places, whatever its shape says.
_PLACELESS = (nn.Dropout, nn.Softmax, nn.Identity, nn.MultiheadAttention)

_NORMS = (torch.ops.aten.layer_norm.default, torch.ops.aten.native_layer_norm.default)
_PLACELESS_CALLS = ("softmax", "matmul", "bmm", "dropout", "attention", "transpose", "expand", "view")


@dataclass(frozen=True, slots=True)
class Tap:
    """What one layer gave for a batch.

    Attributes:
        name: The layer's name in the model.
        value: As the layer gave it, part of the graph.
        rows: Height of the grid of places.
        columns: Width of it.
        channels_last: Whether the value's last axis is not one of places.
    """

    name: str
    value: Tensor
    rows: int
    columns: int
    channels_last: bool

    def placed(self, values: Tensor) -> Tensor:
        """Bring something of the value's shape to (n, channels, rows, columns)."""
        if values.ndim == _TOKENS:
            places = values[:, values.shape[1] - self.rows * self.columns :]
            return places.transpose(1, 2).reshape(len(places), -1, self.rows, self.columns)
        return values.permute(0, 3, 1, 2) if self.channels_last else values


@dataclass
class Taps:
    """Takes the outputs of layers while a model runs.

    Args:
        module: The model.
        layer: Name of the only layer to take; None for every one that keeps places.
    """

    module: nn.Module
    layer: str | None = None
    _taken: list[tuple[str, Tensor, bool]] = field(default_factory=list)
    _open: bool = False

    def __post_init__(self) -> None:
        """Check the layer's name.

        Raises:
            InputError: The model has no such layer.
        """
        if isinstance(self.module, fx.GraphModule):
            self._insert(self.module)
            return
        names = [name for name, _ in self.module.named_modules() if name]
        if self.layer is not None and self.layer not in names:
            raise InputError(f"option layer: {unknown('layer', self.layer, names)}")

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Take what layers give within the block."""
        self._taken.clear()
        self._open = True
        handles = []
        if not isinstance(self.module, fx.GraphModule | torch.jit.ScriptModule):
            handles = [
                one.register_forward_hook(self._hook(name, one))
                for name, one in self.module.named_modules()
                if name and self._wanted(name) and not isinstance(one, _PLACELESS)
            ]
        try:
            yield
        finally:
            self._open = False
            for handle in handles:
                handle.remove()

    def of(self, images: int, height: int, width: int) -> list[Tap]:
        """Give what was taken and keeps places, in the order in which it was computed.

        A grid of fewer than four rows or columns, as deep networks make of small images, shows too little:
        it is taken only where there is no finer one.

        Args:
            images: Images in the batch.
            height: Of the input.
            width: Of the input.
        """
        found: dict[str, Tap] = {}
        for name, value, normed in self._taken:
            grid = _grid(value, images, height, width, tokens=normed or self.layer is not None)
            if grid is not None and value.requires_grad:
                found.pop(name, None)  # a layer that runs several times counts where it ran last
                found[name] = Tap(name, value, *grid)
        self._taken.clear()
        taps = list(found.values())
        return [tap for tap in taps if min(tap.rows, tap.columns) >= _FINE] or taps

    def keep(self, name: str, value: Any, normed: bool) -> None:
        """Take what a layer gave, if that is wanted now: an exported graph always hands it over."""
        if self._open and isinstance(value, Tensor) and value.is_floating_point():
            self._taken.append((name, value, normed))

    def _wanted(self, name: str) -> bool:
        return self.layer is None or name == self.layer

    def _hook(self, name: str, layer: nn.Module) -> Any:
        normed = "norm" in type(layer).__name__.lower()

        def after(_layer: nn.Module, _inputs: tuple[Any, ...], output: Any) -> None:
            values = output.values() if isinstance(output, dict) else [output]
            for value in values:
                self.keep(name, value, normed)

        return after

    def _insert(self, module: fx.GraphModule) -> None:
        """Have an exported graph hand over what its operators give."""
        calls = [one for one in module.graph.nodes if one.op == "call_function"]
        kept = [one for one in calls if not any(word in str(one.target) for word in _PLACELESS_CALLS)]
        kept = [one for one in kept if isinstance(one.meta.get("val"), Tensor)]
        if self.layer is not None and self.layer not in {one.name for one in kept}:
            raise InputError(f"option layer: {unknown('operator', self.layer, [one.name for one in kept])}")
        for node in kept:
            if self._wanted(node.name):
                with module.graph.inserting_before(node.next):
                    module.graph.call_function(self.keep, (node.name, node, node.target in _NORMS))
        module.recompile()


def _grid(
    value: Tensor, images: int, height: int, width: int, *, tokens: bool
) -> tuple[int, int, bool] | None:
    """Find rows and columns of places in a layer's output, and whether channels come last; None without."""
    if len(value) != images:
        return None
    if value.ndim == _MAP:
        for last in (False, True):
            rows, columns = value.shape[1:3] if last else value.shape[2:4]
            if _fits(rows, columns, height, width):
                return rows, columns, last
    if value.ndim == _TOKENS and tokens:
        return _token_grid(value.shape[1], height, width)
    return None


def _fits(rows: int, columns: int, height: int, width: int) -> bool:
    """Tell a grid of places: more than one in each direction, in about the proportion of the input."""
    if not (1 < rows <= height and 1 < columns <= width):
        return False
    return abs(math.log(rows * width / (columns * height))) < _PROPORTION


def _token_grid(count: int, height: int, width: int) -> tuple[int, int, bool] | None:
    """Split tokens into rows and columns in the proportion of the input, after as few others as possible."""
    for prefix in range(min(_MOST_PREFIX, count)):
        places = count - prefix
        rows, columns = round(math.sqrt(places * height / width)), round(math.sqrt(places * width / height))
        if rows * columns == places and _fits(rows, columns, height, width):
            return rows, columns, True
    return None

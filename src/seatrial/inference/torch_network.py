"""Models that torch runs: ``nn.Module``, TorchScript, ``torch.export``."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from seatrial.errors import InputError
from seatrial.inference.network import BatchRange, InputShape, NetworkOutput, read_output

__all__ = ["DeepestFeatures", "PenultimateLayer", "TorchNetwork", "Watch"]

_MATRIX = 2
_MAP = 4


class Watch(Protocol):
    """Keeps something of what happens inside of a model, to make one vector an image of it."""

    def watch(self, module: nn.Module) -> None:
        """Watch the layers of ``module``."""

    def keep(self, value: Tensor, width: int) -> None:
        """Keep what a watched layer of ``width`` outputs took or gave."""

    def take(self, raw: Any, images: int) -> Tensor | None:
        """Hand over the vectors, shape (images, width), that belong to what the model returned."""


class PenultimateLayer:
    """Keeps the input of the linear layer that ran last: what the classifier sees of an image."""

    def __init__(self) -> None:
        self._kept: tuple[Tensor, int] | None = None

    def watch(self, module: nn.Module) -> None:
        """Watch every linear layer of ``module``."""
        for layer in module.modules():
            if isinstance(layer, nn.Linear):
                layer.register_forward_pre_hook(self._before)

    def keep(self, value: Tensor, width: int) -> None:
        """Keep the input of a linear layer that has ``width`` outputs."""
        self._kept = (value, width)

    def _before(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(layer, nn.Linear):
            self.keep(inputs[0], layer.out_features)

    def take(self, raw: Any, images: int) -> Tensor | None:
        """Hand over the embeddings that belong to the class values of a batch.

        Returns:
            Shape (images, width); None where the last linear layer is not the classifier of the values.
        """
        kept, self._kept = self._kept, None
        if kept is None:
            return None
        values, (embeddings, width) = read_output(raw).values, kept
        fits = embeddings.ndim == values.ndim == _MATRIX and values.shape == (images, width)
        return embeddings if fits and len(embeddings) == images else None


class DeepestFeatures:
    """Averages the deepest feature map over its pixels: what a detector or a segmenter sees of an image.

    That is the last map which the part called ``backbone`` gives; where there is no such part, the output
    of the convolution with the most channels, the last one of these.
    """

    def __init__(self) -> None:
        self._kept: Tensor | None = None

    def watch(self, module: nn.Module) -> None:
        """Watch the backbone, or a convolution, of ``module``."""
        backbone = getattr(module, "backbone", None)
        if not isinstance(backbone, nn.Module):
            convolutions = [one for one in module.modules() if isinstance(one, nn.Conv2d)]
            backbone = max(reversed(convolutions), key=lambda one: one.out_channels, default=None)
        if backbone is not None:
            backbone.register_forward_hook(self._after)

    def keep(self, value: Tensor, width: int) -> None:
        """Keep a feature map of ``width`` channels."""
        self._kept = value if value.ndim == _MAP and value.shape[1] == width else None

    def _after(self, _module: nn.Module, _inputs: tuple[Any, ...], output: Any) -> None:
        found = list(output.values()) if isinstance(output, Mapping) else output
        last = found[-1] if isinstance(found, list | tuple) and found else found
        if isinstance(last, Tensor) and last.ndim == _MAP:
            self.keep(last, last.shape[1])

    def take(self, raw: Any, images: int) -> Tensor | None:  # noqa: ARG002 - what comes out does not matter
        """Hand over the averages of a batch, shape (images, channels); None where there is no such map."""
        kept, self._kept = self._kept, None
        return kept.float().mean((2, 3)) if kept is not None and len(kept) == images else None


class TorchNetwork:
    """A callable that torch runs, with autocast on a GPU."""

    def __init__(
        self,
        run: Callable[[Any], Any],
        device: torch.device,
        dtype: torch.dtype,
        *,
        layer: Watch | None = None,
        batch: BatchRange | None = None,
        shape: InputShape = (None, None, None),
        adapter: str | None = None,
    ) -> None:
        self._run = run
        self._dtype = dtype
        self._layer = layer
        self.device = device
        self.batch = batch or BatchRange()
        self.shape = shape
        self.adapter = adapter

    @property
    def module(self) -> nn.Module | None:
        """The module that runs, to look inside of it; None where it is another callable."""
        return self._run if isinstance(self._run, nn.Module) else None

    def compiled(self) -> "TorchNetwork":
        """The same, compiled by torch before its first batch, which takes a minute or several.

        Raises:
            InputError: It is no module of torch that can be compiled.
        """
        module = self.module
        if module is None or isinstance(module, torch.jit.ScriptModule):
            raise InputError("option compile: expected an nn.Module or a .pt2 file, got TorchScript")
        compiled = torch.compile(module)
        return TorchNetwork(
            compiled,
            self.device,
            self._dtype,
            layer=self._layer,
            batch=self.batch,
            shape=self.shape,
            adapter=self.adapter,
        )

    @property
    def on_processor(self) -> bool:
        """Whether it computes on the processor."""
        return self.device.type == "cpu"

    @property
    def precision(self) -> str:
        """Name of the type in which it computes."""
        return str(self._dtype).removeprefix("torch.")

    def forward(self, pixels: Tensor | list[Tensor]) -> NetworkOutput:
        """Run the model and take what was watched."""
        autocast = torch.autocast(self.device.type, self._dtype, enabled=self._dtype != torch.float32)
        with torch.inference_mode(), autocast:
            raw = self._run(pixels)
            return NetworkOutput(raw, self._layer.take(raw, len(pixels)) if self._layer else None)

"""Models that torch runs: ``nn.Module``, TorchScript, ``torch.export``."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seatrial.inference.network import BatchRange, InputShape, NetworkOutput, read_output

__all__ = ["PenultimateLayer", "TorchNetwork"]

_MATRIX = 2


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

    def take(self, values: Tensor) -> Tensor | None:
        """Hand over the embeddings that belong to the class values of a batch.

        Returns:
            Shape (n, width); None where the last linear layer is not the classifier of ``values``.
        """
        kept, self._kept = self._kept, None
        if kept is None or values.ndim != _MATRIX:
            return None
        embeddings, width = kept
        fits = embeddings.ndim == _MATRIX and (len(embeddings), width) == tuple(values.shape)
        return embeddings if fits else None


class TorchNetwork:
    """A callable that torch runs, with autocast on a GPU."""

    def __init__(
        self,
        run: Callable[[Tensor], Any],
        device: torch.device,
        dtype: torch.dtype,
        *,
        layer: PenultimateLayer | None = None,
        batch: BatchRange | None = None,
        shape: InputShape = (None, None, None),
    ) -> None:
        self._run = run
        self._dtype = dtype
        self._layer = layer
        self.device = device
        self.batch = batch or BatchRange()
        self.shape = shape

    @property
    def precision(self) -> str:
        """Name of the type in which it computes."""
        return str(self._dtype).removeprefix("torch.")

    def forward(self, pixels: Tensor) -> NetworkOutput:
        """Run the model; embeddings that it returns itself win over the watched layer's."""
        autocast = torch.autocast(self.device.type, self._dtype, enabled=self._dtype != torch.float32)
        with torch.inference_mode(), autocast:
            output = read_output(self._run(pixels))
        watched = self._layer.take(output.values) if self._layer else None
        return NetworkOutput(output.values, watched if output.embeddings is None else output.embeddings)

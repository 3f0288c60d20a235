"""One batch through the model: copy, normalise, compute, and, one batch later, fetch and check."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.device import is_out_of_memory
from seatrial.inference.load import LoadedModel
from seatrial.inference.network import NetworkOutput
from seatrial.inference.predictions import check_probabilities, check_shape, to_probabilities

__all__ = ["Forward", "Launched", "Result", "normalise"]

#: Rows of a chunk and their images, all of one size.
Batch = tuple[Sequence[int], Sequence[NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Launched:
    """A batch that the device works on: rows of the chunk, probabilities and embeddings on the device."""

    rows: Sequence[int]
    scores: Tensor
    embeddings: Tensor | None


@dataclass(frozen=True, slots=True)
class Result:
    """A batch that is done: rows of the chunk, probabilities and embeddings in float32."""

    rows: Sequence[int]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None


def normalise(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Scale to [0, 1] and normalise.

    Args:
        pixels: Shape (n, height, width, 3), uint8.
        mean: Shape (1, 3, 1, 1).
        std: Shape (1, 3, 1, 1).

    Returns:
        Shape (n, 3, height, width), float32; channels last in memory, without a copy for it.
    """
    return pixels.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)


class Forward:
    """Takes batches of one image size through one model.

    Launching and fetching are apart so that the processor prepares the next batch while a GPU computes.

    Args:
        model: The model.
        classes: Class names in the order of its outputs.
    """

    def __init__(self, model: LoadedModel, classes: Sequence[str]) -> None:
        self._model = model
        self._classes = classes
        self._network = model.network
        steps = model.options.preprocess
        self._mean = torch.tensor(steps.mean, device=self._network.device).view(1, 3, 1, 1)
        self._std = torch.tensor(steps.std, device=self._network.device).view(1, 3, 1, 1)

    def launch(self, rows: Sequence[int], pixels: Sequence[NDArray[np.uint8]]) -> Launched:
        """Start on a batch; on a GPU this returns before the result is there.

        Raises:
            ModelError: The model does not take the images, fails, or returns another shape than expected.
            RuntimeError, MemoryError: The memory does not suffice.
        """
        tensor = self.on_device(pixels)
        self._check_input(tensor)
        output = self._run(tensor)
        named = self._model.options.classes is not None
        check_shape(output.values, len(tensor), self._classes, named_by_user=named)
        count = len(rows)  # what follows is padding
        scores = to_probabilities(output.values[:count], self._model.options.outputs)
        embeddings = output.embeddings if self._model.options.embeddings else None
        return Launched(rows, scores, None if embeddings is None else embeddings[:count].float())

    def fetch(self, launched: Launched, ids: Sequence[str]) -> Result:
        """Wait for a batch and check its probabilities.

        Args:
            launched: The batch.
            ids: Ids of its images, for the message.

        Raises:
            ModelError: They are not finite or not probabilities.
        """
        scores = launched.scores.cpu().numpy()
        check_probabilities(scores, ids, self._network.precision)
        embeddings = launched.embeddings
        return Result(launched.rows, scores, None if embeddings is None else embeddings.cpu().numpy())

    def on_device(self, pixels: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Stack, pad to the smallest batch that the model takes, copy and normalise; channels last."""
        device = self._network.device
        count = max(len(pixels), self._network.batch.low)
        stacked = torch.empty((count, *pixels[0].shape), dtype=torch.uint8, pin_memory=device.type == "cuda")
        np.stack([*pixels, *[pixels[-1]] * (count - len(pixels))], out=stacked.numpy())
        return normalise(stacked.to(device, non_blocking=True), self._mean, self._std)

    def _check_input(self, tensor: Tensor) -> None:
        expected, got = self._network.shape, tuple(tensor.shape[1:])
        if any(side is not None and side != have for side, have in zip(expected, got, strict=True)):
            wanted = "×".join("any" if side is None else str(side) for side in expected)
            raise ModelError(
                f"model {self._model.uri} expects images of {wanted} (channels × height × width), got "
                f"{'×'.join(map(str, got))}: set the options preprocess.resize and preprocess.crop"
            )

    def _run(self, tensor: Tensor) -> NetworkOutput:
        try:
            return self._network.forward(tensor)
        except ModelError:
            raise
        except Exception as error:  # a model's own code may raise anything
            if is_out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"model {self._model.uri} failed on a batch shaped {tuple(tensor.shape)}: {reason}"
            ) from error

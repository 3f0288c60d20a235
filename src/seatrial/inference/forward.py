"""One batch through the model: copy, normalise, compute, and, one batch later, fetch and check."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.chunk import ImageResult
from seatrial.inference.decoding import DecodedImage
from seatrial.inference.device import is_out_of_memory
from seatrial.inference.load import LoadedModel
from seatrial.inference.network import NetworkOutput
from seatrial.inference.stages import Stages
from seatrial.inference.tasks.contract import Batch, BatchRun, Started
from seatrial.inference.transfer import GpuClock, Transfer

__all__ = ["Forward", "Launched", "Result", "normalise"]


@dataclass(frozen=True, slots=True)
class Launched:
    """A batch that the device works on.

    Attributes:
        batch: The images.
        started: What the task began with; on a GPU on its way to host memory.
        clock: Tells when a GPU is done, and how long it took; None on the CPU.
    """

    batch: Batch
    started: Started
    clock: GpuClock | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A batch that is done: rows of the chunk, what the task keeps of each, embeddings in float32."""

    rows: Sequence[int]
    images: Sequence[ImageResult]
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
    count, height, width, channels = pixels.shape
    # row by row, with the channels' numbers repeated along the row: several times faster than to go through
    # three numbers at a time, and the same values
    rows = pixels.reshape(count * height, width * channels).float()
    along = [one.reshape(1, channels).repeat(1, width) for one in (mean, std)]
    rows.div_(255).sub_(along[0]).div_(along[1])
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)


class Forward:
    """Takes batches of one image size through one model.

    Launching and fetching are apart so that the processor prepares the next batch while a GPU computes.

    Args:
        model: The model.
        task: What is made of its output.
        stages: Times it, and lets decoding rest meanwhile.
    """

    def __init__(self, model: LoadedModel, task: BatchRun, stages: Stages | None = None) -> None:
        self._model = model
        self._task = task
        self._stages = stages or Stages()
        self._network = model.network
        self._transfer = Transfer(model.network.device)
        steps = model.options.preprocess
        self._mean = torch.tensor(steps.mean, device=self._network.device).view(1, 3, 1, 1)
        self._std = torch.tensor(steps.std, device=self._network.device).view(1, 3, 1, 1)

    def launch(self, images: Sequence[tuple[int, str, DecodedImage]]) -> Launched:
        """Start on a batch; on a GPU this returns before the result is there where the task allows it.

        Args:
            images: Row in the chunk, id and pixels of each image, all of one size.

        Raises:
            ModelError: The model does not take the images, fails, or returns another shape than expected.
            RuntimeError, MemoryError: The memory does not suffice.
        """
        rows, ids, decoded = zip(*images, strict=True)
        with self._stages.of("copy"):
            tensor = self.on_device([image.for_model for image in decoded])
        self._check_input(tensor)
        size, _, height, width = tensor.shape
        batch = Batch(rows, ids, [image.without_pixels() for image in decoded], size, height, width)
        with self._stages.computing():
            clock = self._transfer.clock()
            started = self._task.start(self._run(tensor), batch)
            if clock is not None:
                clock.computed()
                started = self._returning(started, len(batch))
                clock.arriving()
        return Launched(batch, started, clock)

    def fetch(self, launched: Launched) -> Result:
        """Wait for a batch and check its values.

        Raises:
            ModelError: They are not what they should be.
        """
        if launched.clock is not None:
            with self._stages.of("forward"):
                launched.clock.wait()
            self._stages.add_device_seconds(launched.clock.seconds)
        with self._stages.of("write"):
            images = self._task.finish(launched.started, launched.batch)
        embeddings = launched.started.embeddings if self._model.options.embeddings else None
        if embeddings is not None:
            embeddings = embeddings[: len(images)].float().cpu()  # what follows is padding
        return Result(launched.batch.rows, images, None if embeddings is None else embeddings.numpy())

    def on_device(self, pixels: Sequence[NDArray[np.uint8] | Tensor]) -> Tensor:
        """Stack, pad to the smallest batch that the model takes, copy and normalise; channels last."""
        moved = self._transfer.to_device(pixels, max(len(pixels), self._network.batch.low))
        if self._model.options.preprocess.channels == "bgr":
            moved = moved.flip(-1)
        return normalise(moved, self._mean, self._std)

    def _returning(self, started: Started, images: int) -> Started:
        """Begin to bring results to the host, embeddings in float32 and without padding."""
        embeddings = started.embeddings if self._model.options.embeddings else None
        if embeddings is not None:
            embeddings = embeddings[:images].float()
        return Started(self._transfer.to_host(started.values), self._transfer.to_host(embeddings))

    def _check_input(self, tensor: Tensor) -> None:
        expected, got = self._network.shape, tuple(tensor.shape[1:])
        if any(side is not None and side != have for side, have in zip(expected, got, strict=True)):
            wanted = "×".join("any" if side is None else str(side) for side in expected)
            raise ModelError(
                f"model {self._model.uri} expects images of {wanted} (channels × height × width), got "
                f"{'×'.join(map(str, got))}: set the options preprocess.resize and preprocess.crop, or "
                "preprocess.letterbox"
            )

    def _run(self, tensor: Tensor) -> NetworkOutput:
        try:
            return self._network.forward(list(tensor) if self._model.takes_list else tensor)
        except ModelError:
            raise
        except Exception as error:  # a model's own code may raise anything
            if is_out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"model {self._model.uri} failed on a batch shaped {tuple(tensor.shape)}: {reason}"
            ) from error

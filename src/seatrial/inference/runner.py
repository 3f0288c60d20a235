"""The batched run of a model over images: decode ahead, copy, compute, collect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.images import PROPERTIES
from seatrial.inference.decoding import DecodedImage, decode_ahead
from seatrial.inference.device import available_cores, is_out_of_memory, reproducible
from seatrial.inference.load import LoadedModel
from seatrial.inference.network import NetworkOutput
from seatrial.inference.predictions import check_probabilities, check_shape, to_probabilities
from seatrial.progress import Advance

__all__ = ["Chunk", "ImageRow", "Runner"]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image to evaluate: its id and where it is (null where the data set does not say)."""

    id: str
    uri: str | None


@dataclass(frozen=True)
class Chunk:
    """What a model did on a run of images.

    Attributes:
        kept: Which of the chunk's images were evaluated, shape (n,).
        scores: Class probabilities, shape (n, classes), float32.
        embeddings: Penultimate layer, shape (n, width), float32; None where not captured.
        properties: Image properties in the order of ``PROPERTIES``, shape (n, properties), float64.
        failures: Number within the chunk of each image that could not be read, and why.
        batch_size: Batch size at the end of the chunk, after backing off.
    """

    kept: NDArray[np.int64]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None
    properties: NDArray[np.float64]
    failures: tuple[tuple[int, str], ...]
    batch_size: int


@dataclass(frozen=True, slots=True)
class _Result:
    scores: Tensor
    embeddings: Tensor | None


class Runner:
    """Runs one model over images, batch by batch.

    Args:
        model: The model.
        classes: Class names in the order of its outputs.
        batch_size: Images in a batch to begin with; halved, for good, whenever the memory does not suffice.
        workers: Threads that decode.
    """

    def __init__(self, model: LoadedModel, classes: Sequence[str], *, batch_size: int, workers: int) -> None:
        self._model = model
        self._classes = classes
        self._workers = workers
        limits = model.network.batch
        self.batch_size = max(min(batch_size, limits.high), 1)
        device = model.network.device
        steps = model.options.preprocess
        self._mean = torch.tensor(steps.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(steps.std, device=device).view(1, 3, 1, 1)

    def run(self, chunks: Sequence[Sequence[ImageRow]], advance: Advance) -> Iterator[Chunk]:
        """Evaluate chunks of images in their order; batches never span two chunks.

        Args:
            chunks: What to evaluate.
            advance: Is told the number of images of each batch that is done.

        Raises:
            ModelError: The model fails, does not fit into memory with a single image, or returns something
                that is not a distribution over the classes.
        """
        uris = (row.uri for chunk in chunks for row in chunk)
        images = decode_ahead(
            uris,
            self._model.options.preprocess,
            workers=self._workers,
            ahead=2 * self.batch_size + self._workers,
        )
        with reproducible(available_cores()):
            for chunk in chunks:
                yield self._chunk(chunk, images, advance)

    def _chunk(self, rows: Sequence[ImageRow], images: Iterator[DecodedImage], advance: Advance) -> Chunk:
        kept: list[int] = []
        failures: list[tuple[int, str]] = []
        properties: list[list[float]] = []
        results: list[_Result] = []
        done = 0
        while done < len(rows):
            batch = list(islice(images, min(self.batch_size, len(rows) - done)))
            readable: list[int] = []
            for number, image in enumerate(batch, start=done):
                if image.failure is None:
                    readable.append(number)
                    properties.append([image.properties[name] for name in PROPERTIES])
                else:
                    failures.append((number, image.failure))
            pixels = [batch[number - done].pixels for number in readable]
            results += self._batch(pixels, [rows[number].id for number in readable])
            kept += readable
            done += len(batch)
            advance(len(batch))
        return self._collect(kept, failures, properties, results)

    def _collect(
        self,
        kept: list[int],
        failures: list[tuple[int, str]],
        properties: list[list[float]],
        results: list[_Result],
    ) -> Chunk:
        empty = np.empty((0, len(self._classes)), dtype=np.float32)
        embeddings = [one.embeddings.numpy() for one in results if one.embeddings is not None]
        return Chunk(
            np.array(kept, dtype=np.int64),
            np.concatenate([empty, *(one.scores.numpy() for one in results)]),
            np.concatenate(embeddings) if embeddings and len(embeddings) == len(results) else None,
            np.array(properties, dtype=np.float64).reshape(len(kept), len(PROPERTIES)),
            tuple(failures),
            self.batch_size,
        )

    def _batch(self, pixels: list[NDArray[np.uint8]], ids: list[str]) -> list[_Result]:
        """Evaluate one batch; images of different sizes go through the model in groups of one size."""
        results: list[_Result | None] = [None] * len(pixels)
        shapes = {image.shape for image in pixels}
        if len(shapes) <= 1:
            return self._halving(pixels, ids)
        for shape in sorted(shapes):
            members = [number for number, image in enumerate(pixels) if image.shape == shape]
            parts = self._halving([pixels[number] for number in members], [ids[number] for number in members])
            scores = torch.cat([part.scores for part in parts])
            found = [part.embeddings for part in parts if part.embeddings is not None]
            embeddings = torch.cat(found) if len(found) == len(parts) else None
            for place, number in enumerate(members):
                one = slice(place, place + 1)
                results[number] = _Result(scores[one], None if embeddings is None else embeddings[one])
        return [result for result in results if result is not None]

    def _halving(self, pixels: list[NDArray[np.uint8]], ids: list[str]) -> list[_Result]:
        """Evaluate images of one size; where the memory does not suffice, halve the batch size and go on."""
        results: list[_Result] = []
        done = 0
        while done < len(pixels):
            size = min(self.batch_size, len(pixels) - done)
            try:
                results.append(self._forward(pixels[done : done + size], ids[done : done + size]))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._back_off(size, error)
                continue
            done += size
        return results

    def _back_off(self, size: int, error: BaseException) -> None:
        smaller = size // 2
        if smaller < max(self._model.network.batch.low, 1):
            raise ModelError(
                f"model {self._model.uri} does not fit into the memory of {self._model.network.device} "
                f"with a batch of {size}: {str(error).splitlines()[0]}"
            ) from error
        self.batch_size = smaller
        if self._model.network.device.type == "cuda":
            torch.cuda.empty_cache()

    def _forward(self, pixels: list[NDArray[np.uint8]], ids: list[str]) -> _Result:
        network = self._model.network
        tensor = self._to_device(pixels)
        self._check_input(tensor)
        output = self._run_network(tensor)
        count = len(pixels)
        named = self._model.options.classes is not None
        check_shape(output.values, len(tensor), self._classes, named_by_user=named)
        scores = to_probabilities(output.values[:count], self._model.options.outputs).cpu()
        check_probabilities(scores.numpy(), ids, network.precision)
        embeddings = output.embeddings if self._model.options.embeddings else None
        return _Result(scores, None if embeddings is None else embeddings[:count].float().cpu())

    def _to_device(self, pixels: list[NDArray[np.uint8]]) -> Tensor:
        """Stack, pad to the smallest batch that the model takes, copy and normalise; channels last."""
        device = self._model.network.device
        padding = max(self._model.network.batch.low - len(pixels), 0)
        stacked = torch.from_numpy(np.stack([*pixels, *[pixels[-1]] * padding]))
        if device.type == "cuda":
            stacked = stacked.pin_memory().to(device, non_blocking=True)
        return stacked.permute(0, 3, 1, 2).float().div_(255).sub_(self._mean).div_(self._std)

    def _check_input(self, tensor: Tensor) -> None:
        expected, got = self._model.network.shape, tuple(tensor.shape[1:])
        if any(side is not None and side != have for side, have in zip(expected, got, strict=True)):
            wanted = "×".join("any" if side is None else str(side) for side in expected)
            raise ModelError(
                f"model {self._model.uri} expects images of {wanted} (channels × height × width), got "
                f"{'×'.join(map(str, got))}: set the options preprocess.resize and preprocess.crop"
            )

    def _run_network(self, tensor: Tensor) -> NetworkOutput:
        try:
            return self._model.network.forward(tensor)
        except ModelError:
            raise
        except Exception as error:  # a model's own code may raise anything
            if is_out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"model {self._model.uri} failed on a batch shaped {tuple(tensor.shape)}: {reason}"
            ) from error

"""The batched run of a model over images: decode ahead, launch, back off when memory is short, collect."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch

from seatrial.errors import ModelError
from seatrial.images import PROPERTIES
from seatrial.inference.chunk import Chunk, ImageRow
from seatrial.inference.decoding import DecodedImage, decode_ahead
from seatrial.inference.device import available_cores, is_out_of_memory, reproducible
from seatrial.inference.forward import Forward, Launched, Result
from seatrial.inference.load import LoadedModel
from seatrial.progress import Advance

__all__ = ["Runner"]

Images = Sequence[tuple[int, DecodedImage]]


class Runner:
    """Runs one model over images, batch by batch.

    Args:
        model: The model.
        classes: Class names in the order of its outputs.
        batch_size: Images in a batch to begin with; halved, for good, whenever memory is short.
        workers: Threads that decode.
    """

    def __init__(self, model: LoadedModel, classes: Sequence[str], *, batch_size: int, workers: int) -> None:
        self._model = model
        self._classes = classes
        self._workers = workers
        self._forward = Forward(model, classes)
        self.batch_size = min(batch_size, model.network.batch.high)

    def run(self, chunks: Sequence[Sequence[ImageRow]], advance: Advance) -> Iterator[Chunk]:
        """Evaluate chunks of images in their order; batches never span two chunks.

        Args:
            chunks: What to evaluate.
            advance: Is told the number of images of each batch that is done.

        Raises:
            ModelError: The model fails, does not fit into memory with a single image, or returns something
                that is not a distribution over the classes.
        """
        images = decode_ahead(
            [row.uri for chunk in chunks for row in chunk],
            self._model.options.preprocess,
            workers=self._workers,
            ahead=2 * self.batch_size + self._workers,
        )
        try:
            with reproducible(available_cores()):
                for chunk in chunks:
                    yield self._chunk(chunk, images, advance)
        finally:
            images.close()

    def _chunk(self, rows: Sequence[ImageRow], images: Iterator[DecodedImage], advance: Advance) -> Chunk:
        decoded: list[tuple[int, DecodedImage]] = []  # without pixels, which are dropped batch by batch
        results: list[Result] = []
        waiting: Launched | None = None
        done = 0
        while done < len(rows):
            batch = list(enumerate(islice(images, min(self.batch_size, len(rows) - done)), start=done))
            for launched in self._launch(batch):
                if waiting is not None:
                    results.append(self._fetch(waiting, rows))
                waiting = launched
            decoded += [(number, image.without_pixels()) for number, image in batch]
            done += len(batch)
            advance(len(batch))
        if waiting is not None:
            results.append(self._fetch(waiting, rows))
        return self._collect(decoded, results)

    def _fetch(self, launched: Launched, rows: Sequence[ImageRow]) -> Result:
        return self._forward.fetch(launched, [rows[number].id for number in launched.rows])

    def _launch(self, batch: Images) -> Iterator[Launched]:
        """Launch the readable images of a batch, those of one size together."""
        readable = [(number, image) for number, image in batch if image.failure is None]
        for shape in sorted({image.pixels.shape for _, image in readable}):
            yield from self._halving([pair for pair in readable if pair[1].pixels.shape == shape])

    def _halving(self, images: Images) -> Iterator[Launched]:
        """Launch images of one size; where memory is short, halve the batch size and go on."""
        done = 0
        while done < len(images):
            part = images[done : done + self.batch_size]
            try:
                launched = self._forward.launch(
                    [number for number, _ in part], [image.pixels for _, image in part]
                )
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._back_off(len(part), error)
                continue
            yield launched
            done += len(part)

    def _back_off(self, size: int, error: BaseException) -> None:
        network = self._model.network
        if size // 2 < max(network.batch.low, 1):
            raise ModelError(
                f"model {self._model.uri} does not fit into the memory of {network.device} with a batch of "
                f"{max(size, network.batch.low)}: {str(error).splitlines()[0]}"
            ) from error
        self.batch_size = size // 2
        if network.device.type == "cuda":
            torch.cuda.empty_cache()

    def _collect(self, decoded: Images, results: Sequence[Result]) -> Chunk:
        """Put batches together in the order of the chunk's rows."""
        kept = np.array([number for result in results for number in result.rows], dtype=np.int64)
        order = np.argsort(kept)
        readable = [image.properties for _, image in decoded if image.failure is None]
        properties = [[one[name] for name in PROPERTIES] for one in readable]
        embeddings = [one.embeddings for one in results if one.embeddings is not None]
        scores = [np.empty((0, len(self._classes)), dtype=np.float32), *(one.scores for one in results)]
        return Chunk(
            kept[order],
            np.concatenate(scores)[order],
            np.concatenate(embeddings)[order] if embeddings and len(embeddings) == len(results) else None,
            np.array(properties, dtype=np.float64).reshape(len(kept), len(PROPERTIES)),
            tuple((number, image.failure) for number, image in decoded if image.failure is not None),
            self.batch_size,
        )

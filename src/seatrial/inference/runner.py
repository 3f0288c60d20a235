"""The batched run of a model over images: decode ahead, launch, back off when memory is short, collect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np
import torch

from seatrial.errors import ModelError
from seatrial.images import PROPERTIES
from seatrial.inference.chunk import Chunk, ImageRow
from seatrial.inference.decoding import DecodedImage, Decoder, ReadTruth, decode, decode_ahead
from seatrial.inference.device import available_cores, is_out_of_memory, reproducible
from seatrial.inference.forward import Forward, Launched, Result
from seatrial.inference.load import LoadedModel
from seatrial.inference.stages import Stages
from seatrial.inference.tasks import BatchRun
from seatrial.progress import Advance

__all__ = ["Runner"]

#: Row in the chunk, id and what was decoded.
Images = Sequence[tuple[int, str, DecodedImage]]


class Runner:
    """Runs one model over images, batch by batch.

    Args:
        model: The model.
        task: What is made of its output.
        batch_size: Images in a batch to begin with; halved, for good, whenever memory is short.
        workers: Threads that decode.
        read_truth: Decodes truths that are images, see :func:`~seatrial.inference.decoding.decode`.
        decoder: Makes of a row what the model gets; None decodes images where the model's options say.

    Attributes:
        batch_size: Images in a batch now.
        stages: How long each stage took.
        images: Images that were taken so far.
    """

    def __init__(
        self,
        model: LoadedModel,
        task: BatchRun,
        *,
        batch_size: int,
        workers: int,
        read_truth: ReadTruth | None = None,
        decoder: Decoder | None = None,
    ) -> None:
        self._model = model
        self._workers = workers
        self._read_truth = read_truth
        self._decoder = decoder or _decoder(model)
        self.stages = Stages(take_turns=model.network.on_processor)
        self._forward = Forward(model, task, self.stages)
        self.batch_size = min(batch_size, model.network.batch.high)
        self.images = 0

    def run(self, chunks: Sequence[Sequence[ImageRow]], advance: Advance) -> Iterator[Chunk]:
        """Evaluate chunks of images in their order; batches never span two chunks.

        Args:
            chunks: What to evaluate.
            advance: Is told the number of images of each batch that is done.

        Raises:
            ModelError: The model fails, does not fit into memory with a single image, or returns something
                that is not what the task needs.
        """
        images = decode_ahead(
            chain.from_iterable(chunks),
            self._model.options.preprocess,
            workers=self._workers,
            ahead=2 * self.batch_size + self._workers,
            read_truth=self._read_truth,
            decoder=self._decoder,
            stages=self.stages,
        )
        try:
            with reproducible(available_cores()):
                yield from self._run(chunks, images, advance)
        finally:
            images.close()

    def _run(
        self, chunks: Sequence[Sequence[ImageRow]], images: Iterator[DecodedImage], advance: Advance
    ) -> Iterator[Chunk]:
        """Launch a batch, then fetch the one before, across chunks: the device never waits for a chunk."""
        waiting: tuple[_Open, Launched] | None = None
        before: _Open | None = None  # a chunk that lacks nothing but what is waited for
        for rows in chunks:
            current = _Open(rows)
            while len(current.decoded) < len(rows):
                for launched in self._launch(self._take(current, images)):
                    self._fetch(waiting)
                    waiting = (current, launched)
                    if before is not None:
                        yield self._collect(before)
                        before = None
                advance(current.taken)
            if before is not None:  # nothing of this chunk could be launched
                self._fetch(waiting)
                waiting = None
                yield self._collect(before)
            before = current
        self._fetch(waiting)
        if before is not None:
            yield self._collect(before)

    def _take(self, chunk: "_Open", images: Iterator[DecodedImage]) -> Images:
        """Take the next batch of a chunk, and keep of it what takes little memory."""
        done = len(chunk.decoded)
        with self.stages.of("waiting"):
            batch = list(islice(images, min(self.batch_size, len(chunk.rows) - done)))
        chunk.decoded += [image.without_arrays() for image in batch]
        chunk.taken = len(batch)
        self.images += len(batch)
        return [(number, chunk.rows[number].id, image) for number, image in enumerate(batch, start=done)]

    def _fetch(self, waiting: "tuple[_Open, Launched] | None") -> None:
        if waiting is not None:
            chunk, launched = waiting
            chunk.results.append(self._forward.fetch(launched))

    def _launch(self, batch: Images) -> Iterator[Launched]:
        """Launch the readable images of a batch, those of one size together."""
        readable = [one for one in batch if one[2].failure is None]
        for shape in sorted({tuple(image.for_model.shape) for _, _, image in readable}):
            yield from self._halving([one for one in readable if tuple(one[2].for_model.shape) == shape])

    def _halving(self, images: Images) -> Iterator[Launched]:
        """Launch images of one size; where memory is short, halve the batch size and go on."""
        done = 0
        while done < len(images):
            part = images[done : done + self.batch_size]
            launched = None
            try:
                launched = self._forward.launch(part)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._back_off(len(part), error)
            if launched is not None:
                yield launched
                done += len(part)
            elif self._model.network.device.type == "cuda":
                torch.cuda.empty_cache()  # not before the failure, which holds the tensors, is forgotten

    def _back_off(self, size: int, error: BaseException) -> None:
        network = self._model.network
        if size // 2 < max(network.batch.low, 1):
            raise ModelError(
                f"model {self._model.uri} does not fit into the memory of {network.device} with a batch of "
                f"{max(size, network.batch.low)}: {str(error).splitlines()[0]}"
            ) from error
        self.batch_size = size // 2

    def _collect(self, chunk: "_Open") -> Chunk:
        with self.stages.of("write"):
            return chunk.collected(self.batch_size)


def _decoder(model: LoadedModel) -> Decoder:
    if model.options.decode == "host":
        return decode
    from seatrial.inference.device_decoding import DeviceDecoder

    return DeviceDecoder(model.network.device)


@dataclass
class _Open:
    """A chunk that is worked on.

    Attributes:
        rows: Its images.
        decoded: What is known of those that were taken so far, without pixels.
        results: The batches that are done.
        taken: Images of the batch that was taken last.
    """

    rows: Sequence[ImageRow]
    decoded: list[DecodedImage] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    taken: int = 0

    def collected(self, batch_size: int) -> Chunk:
        """Put batches together in the order of the chunk's rows."""
        decoded, results = self.decoded, self.results
        kept = np.array([row for result in results for row in result.rows], dtype=np.int64)
        order = np.argsort(kept)
        images = [image for result in results for image in result.images]
        properties = [[one.properties[name] for name in PROPERTIES] for one in decoded if one.failure is None]
        embeddings = [one.embeddings for one in results if one.embeddings is not None]
        return Chunk(
            kept[order],
            tuple(images[place] for place in order),
            np.concatenate(embeddings)[order] if embeddings and len(embeddings) == len(results) else None,
            np.array(properties, dtype=np.float64).reshape(len(kept), len(PROPERTIES)),
            tuple((number, one.failure) for number, one in enumerate(decoded) if one.failure is not None),
            batch_size,
        )

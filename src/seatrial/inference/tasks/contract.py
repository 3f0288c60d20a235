"""What the runner asks of a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from torch import Tensor

from seatrial.datasets import DatasetManifest
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.inference.chunk import ImageResult
from seatrial.inference.decoding import DecodedImage
from seatrial.inference.network import NetworkOutput
from seatrial.inference.results import Results

__all__ = ["Batch", "BatchRun", "Started", "TaskRun"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Images of one size on their way through the model.

    Attributes:
        rows: Number within the chunk of each.
        ids: Their ids.
        images: What is known of them, without pixels.
        size: Images that the model gets: more than there are where its batch is fixed.
        height: Of each as it goes into the model, in pixels.
        width: Likewise.
    """

    rows: Sequence[int]
    ids: Sequence[str]
    images: Sequence[DecodedImage]
    size: int
    height: int
    width: int

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Started:
    """A batch that the device works on.

    Attributes:
        values: What the task makes of the output, on the device.
        embeddings: One vector an image, shape (n, width); None where there is none.
    """

    values: Any
    embeddings: Tensor | None


class BatchRun(Protocol):
    """What is made of a model's output, batch by batch."""

    def start(self, output: NetworkOutput, batch: Batch) -> Started:
        """Do what the device does best, without waiting for it where that is possible.

        Raises:
            ModelError: The output is not what it should be.
            RuntimeError, MemoryError: The memory does not suffice.
        """

    def finish(self, started: Started, batch: Batch) -> list[ImageResult]:
        """Wait for the device, check the values and give what is kept of each image.

        Raises:
            ModelError: A value is not finite or out of its range; names the images.
        """


class TaskRun(BatchRun, Protocol):
    """What a task makes of a model's output."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The evaluation's class names."""

    def tables(
        self,
        header: EvaluationHeader,
        manifest: DatasetManifest,
        images: pa.Table,
        results: Results,
    ) -> EvaluationTable:
        """Make the evaluation, but for embeddings.

        Args:
            header: Its header.
            manifest: The evaluated rows (those of the shard).
            images: Those of them that could be read, n, with image properties.
            results: What was kept of each.
        """

    def remarks(self, results: Results) -> list[str]:
        """Say what was left out of the evaluation, and how much of it; empty where nothing was."""

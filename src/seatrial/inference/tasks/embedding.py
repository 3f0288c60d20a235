"""Embedding: a vector an image, and the classes' probabilities where the model is a classifier."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from seatrial.errors import ModelError, examples
from seatrial.inference.chunk import ImageResult
from seatrial.inference.network import (
    NamedOutputs,
    NetworkOutput,
    described,
    read_output,
    returned_embeddings,
)
from seatrial.inference.predictions import check_probabilities, to_probabilities
from seatrial.inference.tasks.contract import Batch, Started

__all__ = ["Embedding"]

_MATRIX, _MAP = 2, 4


@dataclass(frozen=True)
class Embedding:
    """Keeps a vector of each image: which, is said at :meth:`vectors`.

    Attributes:
        uri: The model, for messages.
        classes: The classifier's classes; None where the model is none.
        outputs: What the classifier returns.
        precision: The type in which it computes, for messages.
    """

    uri: str
    classes: tuple[str, ...] | None
    outputs: Literal["logits", "probabilities"] = "logits"
    precision: str = "float32"

    def vectors(self, output: NetworkOutput) -> Tensor:
        """Find the vectors of a batch, shape (n, width).

        Those that the model returns by name; else what its last layer takes; else the second matrix that a
        graph returns; else what it returns, a feature map averaged over its pixels.

        Raises:
            ModelError: There are none.
        """
        named = returned_embeddings(output.raw)
        if named is not None:
            return named
        if output.watched is not None:
            return output.watched
        try:
            found = read_output(output.raw)
        except ModelError:
            found = None
        second = None if found is None else found.embeddings
        returned = second if second is not None else (None if found is None else found.values)
        if returned is not None and returned.ndim == _MAP:
            returned = returned.float().mean((2, 3))
        if returned is None or returned.ndim != _MATRIX:
            raise ModelError(
                f"model {self.uri} returned {described(output.raw)}: expected a vector an image, as a tensor "
                "shaped (n, width) or under the key 'embeddings'"
            )
        return returned

    def start(self, output: NetworkOutput, batch: Batch) -> Started:
        """Find vectors and probabilities."""
        vectors = self.vectors(output)[: len(batch)].float()
        if len(vectors) != len(batch):
            raise ModelError(
                f"model {self.uri} returned {len(vectors)} vectors for {len(batch)} images: expected one each"
            )
        return Started((torch.isfinite(vectors).all(dim=1), self._probabilities(output, len(batch))), vectors)

    def _probabilities(self, output: NetworkOutput, images: int) -> Tensor | None:
        if self.classes is None:
            return None
        try:
            values = read_output(output.raw).values
        except ModelError:
            return None
        if values.ndim != _MATRIX or values.shape[1] != len(self.classes):
            named = output.raw if isinstance(output.raw, NamedOutputs) else values
            raise ModelError(
                f"model {self.uri} returned {described(named)}: expected {len(self.classes)} values an "
                f"image, one for each class ({examples(self.classes)}); leave the classes out to embed alone"
            )
        return to_probabilities(values[:images], self.outputs)

    def finish(self, started: Started, batch: Batch) -> list[ImageResult]:
        """Check the values."""
        finite, probabilities = started.values
        broken = [one for one, fine in zip(batch.ids, finite.tolist(), strict=True) if not fine]
        if broken:
            raise ModelError(
                f"model {self.uri} returned NaN or infinity as the embedding of {len(broken)} of "
                f"{len(batch)} images of a batch: {examples(broken)}"
            )
        if probabilities is None:
            return [{} for _ in batch.ids]
        scores = probabilities.cpu().numpy()
        check_probabilities(scores, batch.ids, self.precision)
        return [{"scores": row[None]} for row in scores]

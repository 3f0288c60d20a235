"""Classification: probabilities of the classes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.inference.chunk import ImageResult
from seatrial.inference.load import LoadedModel
from seatrial.inference.network import NetworkOutput, class_values
from seatrial.inference.predictions import check_probabilities, check_shape, to_probabilities
from seatrial.inference.results import Results
from seatrial.inference.tasks.contract import Batch, Started

__all__ = ["Classification"]


@dataclass(frozen=True)
class Classification:
    """Keeps the probabilities of each image.

    Attributes:
        classes: Class names in the order of the model's outputs.
        outputs: What the model returns.
        precision: The type in which it computes, for messages.
        named_by_user: Whether the classes are the model's own, not the data set's.
    """

    classes: tuple[str, ...]
    outputs: Literal["logits", "probabilities"]
    precision: str
    named_by_user: bool

    @classmethod
    def of(cls, model: LoadedModel, manifest: DatasetManifest) -> "Classification":
        """Check that the model knows the data set's labels.

        Raises:
            InputError: A label is not one of the model's classes.
        """
        classes = model.options.classes or manifest.classes
        labels = manifest.table.column("label").unique().to_pylist()
        unknown = sorted(label for label in labels if label is not None and label not in set(classes))
        if unknown:
            raise InputError(
                f"data set {manifest.name!r}, column 'label': {examples(unknown)} are not classes of the "
                f"model: expected one of {examples(classes)}"
            )
        return cls(classes, model.options.outputs, model.network.precision, model.options.classes is not None)

    def start(self, output: NetworkOutput, batch: Batch) -> Started:
        """Turn class values into probabilities."""
        found = class_values(output)
        check_shape(found.values, batch.size, self.classes, named_by_user=self.named_by_user)
        return Started(to_probabilities(found.values[: len(batch)], self.outputs), found.embeddings)

    def finish(self, started: Started, batch: Batch) -> list[ImageResult]:
        """Check the probabilities."""
        scores = started.values.cpu().numpy()
        check_probabilities(scores, batch.ids, self.precision)
        return [{"scores": row[None]} for row in scores]

    def tables(
        self,
        header: EvaluationHeader,
        manifest: DatasetManifest,  # noqa: ARG002 - its truth is in the rows
        images: pa.Table,
        results: Results,
    ) -> EvaluationTable:
        """Put predictions, confidences and losses beside the images."""
        scores = results.stacked("scores")
        best = scores.argmax(axis=1)  # the first of equals
        confidences = scores[np.arange(len(scores)), best].astype(np.float64)
        samples = classification_samples(images, self.classes, best, confidences, scores)
        return EvaluationTable(header, samples, scores)

    def remarks(self, results: Results) -> list[str]:  # noqa: ARG002 - nothing is left out
        """Nothing is left out."""
        return []

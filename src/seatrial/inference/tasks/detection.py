"""Detection: boxes, and masks, in pixels of the image as decoded."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.datasets import DatasetManifest
from seatrial.errors import ModelError, examples
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.evaluation.detection import DetectedObjects, detection_tables
from seatrial.inference.adapters.adapter import DetectionAdapter, Detections, Inputs
from seatrial.inference.chunk import ImageResult
from seatrial.inference.class_map import ClassMap
from seatrial.inference.decoding import DecodedImage
from seatrial.inference.load import LoadedModel
from seatrial.inference.network import NetworkOutput, returned_embeddings
from seatrial.inference.object_masks import encode_masks, joined, separated
from seatrial.inference.options import Preprocess
from seatrial.inference.preprocess import place
from seatrial.inference.results import Results
from seatrial.inference.tasks.contract import Batch, Started
from seatrial.inference.tasks.reading import reading

__all__ = ["Detection"]

#: By how much scores may miss [0, 1]: what rounding does.
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Detection:
    """Keeps what was found in each image.

    Attributes:
        name: The adapter's name.
        adapter: Reads the output.
        class_map: From the model's classes to the data set's.
        preprocess: How images were fitted, to be undone.
    """

    name: str
    adapter: DetectionAdapter
    class_map: ClassMap
    preprocess: Preprocess

    @classmethod
    def of(cls, model: LoadedModel, manifest: DatasetManifest) -> "Detection":
        """Map the model's classes to the data set's.

        Raises:
            InputError: They do not fit.
        """
        assert isinstance(model.adapter, DetectionAdapter)
        return cls(
            model.adapter_name,
            model.adapter,
            ClassMap.of(model.options, manifest),
            model.options.preprocess,
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The data set's classes."""
        return self.class_map.dataset

    def start(self, output: NetworkOutput, batch: Batch) -> Started:
        """Read boxes and check their shapes."""
        inputs = Inputs(batch.size, batch.height, batch.width, self.class_map.model)

        def read(raw: Any, inputs: Inputs) -> list[Detections]:
            found = self.adapter.read(raw, inputs)
            if len(found) != inputs.count or not all(isinstance(one, Detections) for one in found):
                raise ModelError(f"expected Detections for each of {inputs.count} images, got {len(found)}")
            return [self._likeliest(_checked(one, inputs)) for one in found]

        found = reading(self.name, read, output.raw, inputs, batch.ids)
        embeddings = returned_embeddings(output.raw)
        return Started(found[: len(batch)], output.watched if embeddings is None else embeddings)

    def _likeliest(self, found: Detections) -> Detections:
        """Keep, highest first, objects of a sufficient score; too many only of the data set's classes."""
        order = torch.argsort(found.scores, descending=True, stable=True)
        order = order[found.scores[order] >= self.adapter.score]
        codes = torch.as_tensor(self.class_map.codes, device=order.device)
        ours = codes[found.labels[order]] >= 0
        kept = torch.cat([order[ours][: self.adapter.max_detections], order[~ours]])
        masks = None if found.masks is None else found.masks[kept]
        return Detections(found.boxes[kept], found.scores[kept], found.labels[kept], masks)

    def finish(self, started: Started, batch: Batch) -> list[ImageResult]:
        """Take boxes back to each image's own pixels and count what is left out."""
        return [self._image(*pair) for pair in zip(started.values, batch.images, strict=True)]

    def _image(self, found: Detections, image: DecodedImage) -> ImageResult:
        labels = _array(found.labels, np.int64)
        codes = self.class_map.codes[labels]
        left_out = np.bincount(labels[codes < 0], minlength=len(self.class_map.model) + 1)
        placed = place(image.size, self.preprocess)
        boxes = placed.undo(_array(found.boxes, np.float64))
        if self.adapter.clip:
            boxes = np.clip(boxes, 0, [*image.size] * 2)
        corner, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
        outside = (size <= 0).any(axis=1) & (codes >= 0)
        left_out[-1] += outside.sum()
        kept = np.flatnonzero((codes >= 0) & ~outside)
        masks = None
        if found.masks is not None:
            masks = encode_masks(found.masks[torch.as_tensor(kept, device=found.masks.device)], placed)
        return {
            "boxes": np.concatenate([corner, size], axis=1)[kept],
            "scores": _array(found.scores, np.float64).clip(0, 1)[kept],
            "classes": codes[kept],
            "left_out": left_out[None],
            **joined(masks, len(kept)),
        }

    def tables(
        self,
        header: EvaluationHeader,
        manifest: DatasetManifest,
        images: pa.Table,
        results: Results,
    ) -> EvaluationTable:
        """Put truths and predictions beside each other."""
        assert manifest.objects is not None
        found = [
            DetectedObjects(one["boxes"], one["scores"], one["classes"], separated(one)) for one in results
        ]
        samples, objects = detection_tables(images, manifest.objects, self.classes, found)
        return EvaluationTable(header, samples, objects=objects)

    def remarks(self, results: Results) -> list[str]:
        """Count predictions of classes that the data set does not have, and those outside of their image."""
        counts = results.stacked("left_out").sum(axis=0)
        said = []
        others = np.flatnonzero(counts[:-1])
        if len(others):
            most = others[np.argsort(-counts[others], kind="stable")]
            said.append(
                f"{int(counts[:-1].sum())} predictions of {len(others)} classes that the data set does not "
                f"have were left out: {examples(self.class_map.model[code] for code in most)}"
            )
        if counts[-1]:
            said.append(f"{int(counts[-1])} predictions without area inside of their image were left out")
        return said


def _checked(found: Detections, inputs: Inputs) -> Detections:
    """Check shapes, then values; on the device, with one look at the result."""
    count = len(found.scores)
    shapes = [tuple(one.shape) for one in (found.boxes, found.scores, found.labels)]
    if shapes != [(count, 4), (count,), (count,)]:
        got = "boxes {}, scores {} and labels {}".format(*shapes)
        raise ModelError(f"expected boxes (k, 4), scores (k,) and labels (k,), got {got}")
    if found.masks is not None and tuple(found.masks.shape) != (count, inputs.height, inputs.width):
        wanted = (count, inputs.height, inputs.width)
        raise ModelError(f"expected masks shaped {wanted}, got {tuple(found.masks.shape)}")
    if not bool(torch.isfinite(found.boxes).all()):
        row = int((~torch.isfinite(found.boxes)).any(dim=1).nonzero()[0])
        raise ModelError(
            f"expected boxes of finite numbers, got {found.boxes[row].tolist()} in boxes {shapes[0]}"
        )
    inside = (found.scores >= -_TOLERANCE) & (found.scores <= 1 + _TOLERANCE)
    if not bool(inside.all()):
        wrong = found.scores[~inside]
        raise ModelError(f"expected scores in [0, 1], got {float(wrong[0]):.4g} in scores {shapes[1]}")
    known = (found.labels >= 0) & (found.labels < len(inputs.classes))
    if not bool(known.all()):
        outside = sorted(set(found.labels[~known].tolist()))
        raise ModelError(
            f"expected class numbers from 0 to {len(inputs.classes) - 1}, got {examples(outside)}: "
            f"name the model's classes ({examples(inputs.classes)} now), in its order, with the option "
            "classes, and where its numbers begin with the adapter option class_offset"
        )
    return found


def _array(values: Tensor, dtype: type) -> NDArray[Any]:
    return values.detach().cpu().numpy().astype(dtype)

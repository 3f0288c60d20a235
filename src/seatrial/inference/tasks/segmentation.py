"""Segmentation: pixels counted against the truth as soon as they are predicted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.evaluation.pixels import PixelCounts, pixel_counts, pixel_table
from seatrial.evaluation.segmentation import segmentation_samples
from seatrial.images import encode_codes
from seatrial.inference.adapters.adapter import Inputs, SegmentationAdapter
from seatrial.inference.chunk import ImageResult
from seatrial.inference.class_map import ClassMap
from seatrial.inference.decoding import DecodedImage
from seatrial.inference.load import LoadedModel
from seatrial.inference.network import NetworkOutput, returned_embeddings
from seatrial.inference.object_masks import restored
from seatrial.inference.options import Preprocess
from seatrial.inference.preprocess import place
from seatrial.inference.results import Results
from seatrial.inference.tasks.contract import Batch, Started
from seatrial.inference.tasks.reading import reading

__all__ = ["Segmentation"]

_MAP = 4
_MOST_CLASSES = 256
_COUNTS = ("label", "prediction", "pixels", "boundary")


@dataclass(frozen=True)
class Segmentation:
    """Keeps pixel counts of each annotated image, and its predicted mask where that is asked for.

    Attributes:
        name: The adapter's name.
        adapter: Reads the output.
        class_map: From the model's classes to the data set's.
        preprocess: How images were fitted, to be undone.
        void: Value of the truth that stands for no class.
    """

    name: str
    adapter: SegmentationAdapter
    class_map: ClassMap
    preprocess: Preprocess
    void: int | None

    @classmethod
    def of(cls, model: LoadedModel, manifest: DatasetManifest) -> "Segmentation":
        """Map the model's classes to the data set's.

        Raises:
            InputError: They do not fit, there are more than 256, or preprocessing crops images.
        """
        assert isinstance(model.adapter, SegmentationAdapter)
        class_map = ClassMap.of(model.options, manifest)
        if len(class_map.all_classes) > _MOST_CLASSES:
            raise InputError(
                f"expected at most {_MOST_CLASSES} classes of pixels, got {len(class_map.all_classes)}"
            )
        if model.options.preprocess.crop is not None:
            raise InputError(
                f"option preprocess.crop: expected null, got {model.options.preprocess.crop}: what is "
                "cropped off would have no prediction; use preprocess.resize or preprocess.letterbox"
            )
        return cls(model.adapter_name, model.adapter, class_map, model.options.preprocess, manifest.void)

    @property
    def classes(self) -> tuple[str, ...]:
        """The data set's classes, then those that only the model has."""
        return self.class_map.all_classes

    def start(self, output: NetworkOutput, batch: Batch) -> Started:
        """Take class values to each image's size and choose the likeliest class of each pixel."""
        inputs = Inputs(batch.size, batch.height, batch.width, self.class_map.model)

        def read(raw: Any, inputs: Inputs) -> Tensor:
            values = self.adapter.read(raw, inputs)
            shape = tuple(values.shape)
            if len(shape) != _MAP or shape[:2] != (inputs.count, len(inputs.classes)) or 0 in shape:
                raise ModelError(
                    f"expected class values shaped ({inputs.count}, {len(inputs.classes)}, h, w), got {shape}"
                )
            return values

        values = reading(self.name, read, output.raw, inputs, batch.ids)
        places = {name: code for code, name in enumerate(self.classes)}
        codes = torch.tensor(
            [places[name] for name in self.class_map.model], dtype=torch.uint8, device=values.device
        )
        masks = [
            # several times faster than argmax, and of equals the first, as documented
            codes[restored(one[None], place(image.size, self.preprocess))[0].max(dim=0).indices]
            for one, image in zip(values, batch.images, strict=False)  # what follows is padding
        ]
        embeddings = returned_embeddings(output.raw)
        return Started(masks, output.watched if embeddings is None else embeddings)

    def finish(self, started: Started, batch: Batch) -> list[ImageResult]:
        """Count each image's pixels."""
        masks = [mask.cpu().numpy() for mask in started.values]
        return [self._image(*one) for one in zip(masks, batch.images, batch.ids, strict=True)]

    def _image(self, mask: NDArray[np.uint8], image: DecodedImage, id_: str) -> ImageResult:
        counts = _NOTHING
        if image.truth is not None:
            try:
                counts = pixel_counts(image.truth, mask, len(self.classes), self.void)
            except InputError as error:
                raise InputError(f"image {id_!r}: {error}") from error
        kept = encode_codes(mask) if self.adapter.keep_masks else b""
        return {
            **{name: getattr(counts, name) for name in _COUNTS},
            "mask": np.frombuffer(kept, dtype=np.uint8),
        }

    def tables(
        self,
        header: EvaluationHeader,
        manifest: DatasetManifest,  # noqa: ARG002 - its truth was counted against
        images: pa.Table,
        results: Results,
    ) -> EvaluationTable:
        """Put the counts together."""
        samples = segmentation_samples(images)
        ids = images.column("id").to_pylist()
        judged = [number for number, yes in enumerate(samples.column("annotated").to_pylist()) if yes]
        counts, data = [], []
        for one, known in zip(results, samples.column("annotated").to_pylist(), strict=True):
            if known:
                counts.append(PixelCounts(**{name: one[name] for name in _COUNTS}))
            if self.adapter.keep_masks:
                data.append(one["mask"].tobytes())
        masks = None
        if self.adapter.keep_masks:
            masks = pa.table({"image": pa.array(ids, pa.string()), "mask": pa.array(data, pa.binary())})
        pixels = pixel_table([ids[number] for number in judged], counts, self.classes)
        return EvaluationTable(header, samples, pixels=pixels, masks=masks)

    def remarks(self, results: Results) -> list[str]:
        """Count pixels of classes that the data set does not have: they stay, as mistakes."""
        own = len(self.class_map.dataset)
        others = sum(int(one["pixels"][one["prediction"] >= own].sum()) for one in results)
        if not others:
            return []
        remark = (
            f"{others} pixels are predicted as classes that the data set does not have and count as "
            "mistakes; class_map can give them one of its classes"
        )
        return [remark]


_NONE = np.empty(0, dtype=np.int64)
_NOTHING = PixelCounts(_NONE, _NONE, _NONE, np.empty((0, 3), dtype=np.int64))

"""Adapter ``detr``: a set of queries, each with class logits and a box, without suppression."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from seatrial.inference.adapters.adapter import DetectionAdapter, Detections, Inputs, fixed_size
from seatrial.inference.adapters.expectation import unexpected
from seatrial.inference.adapters.suppression import corners, finite
from seatrial.inference.network import InputShape

__all__ = ["DetrAdapter"]

_RANK = 3
_SHORTER_SIDE = 800


class DetrAdapter(DetectionAdapter):
    """Reads ``logits`` (or ``pred_logits``) and ``pred_boxes`` of DETR and its kin.

    Boxes are centre x, centre y, width and height as shares of the input.

    Attributes:
        scores: ``softmax`` over the classes and, last, no object (DETR); ``sigmoid`` of each class alone
            (Deformable DETR, DINO, RT-DETR).
        class_offset: Number of the first class among the logits; those before it are left out. DETR's logits
            are numbered by COCO's category ids, which begin with 1.
    """

    scores: Literal["softmax", "sigmoid"] = "softmax"
    class_offset: Annotated[int, Field(ge=0)] = 0

    def preprocess(self, shape: InputShape) -> dict[str, Any]:
        """Resize to the model's own size, or the shorter side to 800; ImageNet's mean and deviation."""
        return {"resize": fixed_size(shape) or _SHORTER_SIDE, "crop": None}

    def read(self, output: Any, inputs: Inputs) -> list[Detections]:
        """Read each query's best classes and its box."""
        logits, boxes = self._found(output, inputs)
        finite(logits, "logits")
        finite(boxes, "boxes")
        if self.scores == "softmax":
            values = logits.softmax(-1)[..., self.class_offset : -1]
        else:
            values = logits.sigmoid()[..., self.class_offset :]
        scale = torch.tensor([inputs.width, inputs.height] * 2, device=boxes.device)
        pixels = corners(boxes) * scale
        return [self._queries(*pair) for pair in zip(pixels, values, strict=True)]

    def _queries(self, boxes: Tensor, values: Tensor) -> Detections:
        if self.scores == "softmax":  # one object a query
            best, labels = values.max(dim=1)
            return Detections(boxes, best, labels)
        query, labels = torch.nonzero(values >= self.score, as_tuple=True)
        return Detections(boxes[query], values[query, labels], labels)

    def _found(self, output: Any, inputs: Inputs) -> tuple[Tensor, Tensor]:
        columns = self.class_offset + len(inputs.classes) + (self.scores == "softmax")
        sense = "and no object" if self.scores == "softmax" else "under a sigmoid"
        expected = (
            f"logits shaped ({inputs.count}, queries, {columns}) for {len(inputs.classes)} classes {sense} "
            f"and pred_boxes shaped ({inputs.count}, queries, 4)"
        )
        if not isinstance(output, Mapping):
            raise unexpected(expected, output)
        logits = output.get("logits", output.get("pred_logits"))
        boxes = output.get("pred_boxes")
        if not isinstance(logits, Tensor) or not isinstance(boxes, Tensor) or logits.ndim != _RANK:
            raise unexpected(expected, output)
        wanted = (inputs.count, logits.shape[1], columns)
        if tuple(logits.shape) != wanted or tuple(boxes.shape) != (*wanted[:2], 4):
            raise unexpected(expected, output)
        return logits.float(), boxes.float()

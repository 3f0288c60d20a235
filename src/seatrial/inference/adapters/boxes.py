"""Adapter ``boxes``: finished boxes, classes and scores as three outputs, by name or in order."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from seatrial.inference.adapters.adapter import DetectionAdapter, Detections, Inputs
from seatrial.inference.adapters.expectation import tensors_of, unexpected
from seatrial.inference.adapters.suppression import corners, finite, suppressed

__all__ = ["BoxesAdapter"]

_RANK = 3


class BoxesAdapter(DetectionAdapter):
    """Reads boxes (n, k, 4), classes (n, k) and scores (n, k); of a single image also without the n.

    Attributes:
        boxes: Name of the output that holds them; where the model names none, they come first.
        labels: Name of the output that holds the classes; else second.
        scores: Name of the output that holds the scores; else third.
        format: What the four numbers of a box are.
        normalised: Boxes are shares of the input's width and height, not pixels.
        class_offset: Number of the first class.
        nms_iou: Boxes of one class that overlap more are the same object; null suppresses none.
    """

    boxes: str = "boxes"
    labels: str = "labels"
    scores: str = "scores"
    format: Literal["xyxy", "xywh", "cxcywh"] = "xyxy"
    normalised: bool = False
    class_offset: Annotated[int, Field(ge=0)] = 0
    nms_iou: Annotated[float | None, Field(gt=0, le=1)] = None

    def read(self, output: Any, inputs: Inputs) -> list[Detections]:
        """Read the three outputs."""
        boxes, labels, scores = self._found(output, inputs)
        finite(boxes, "boxes")
        finite(scores, "scores")
        if self.normalised:
            boxes = boxes * torch.tensor([inputs.width, inputs.height] * 2, device=boxes.device)
        if self.format == "xywh":
            boxes = torch.cat([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], dim=-1)
        if self.format == "cxcywh":
            boxes = corners(boxes)
        found = [Detections(*one) for one in zip(boxes, scores, labels, strict=True)]
        return [self._kept(one) for one in found]

    def _kept(self, found: Detections) -> Detections:
        if self.nms_iou is not None:
            return suppressed(found, self.nms_iou, self.score)
        likely = found.scores >= self.score  # fixed numbers of boxes are filled up with scores of 0
        return Detections(found.boxes[likely], found.scores[likely], found.labels[likely])

    def _found(self, output: Any, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        names = (self.boxes, self.labels, self.scores)
        expected = (
            f"{self.boxes!r} shaped ({inputs.count}, k, 4), {self.labels!r} and {self.scores!r} shaped "
            f"({inputs.count}, k)"
        )
        named = [output.get(name) for name in names] if isinstance(output, Mapping) else output
        found = tensors_of(named)[: len(names)]
        if len(found) != len(names):
            raise unexpected(expected, output)
        if inputs.count == 1 and found[0].ndim == _RANK - 1:
            found = [one[None] for one in found]
        boxes, labels, scores = found
        if boxes.ndim != _RANK or boxes.shape != (inputs.count, boxes.shape[1], 4):
            raise unexpected(expected, output)
        if not labels.shape == scores.shape == boxes.shape[:2]:
            raise unexpected(expected, output)
        return boxes.float(), labels.long() - self.class_offset, scores.float()

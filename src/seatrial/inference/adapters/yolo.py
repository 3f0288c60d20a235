"""Adapter ``yolo``: heads of YOLOv5, v8, v11 and their kin as they are exported to ONNX or TorchScript."""

from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.adapters.adapter import UNIT_RANGE, DetectionAdapter, Detections, Inputs, fixed_size
from seatrial.inference.adapters.expectation import first_tensor, unexpected
from seatrial.inference.adapters.suppression import corners, finite, suppressed
from seatrial.inference.network import InputShape

__all__ = ["YoloAdapter"]

_SIDE = 640
_RANK = 3
_END_TO_END = 6

Head = Literal["v5", "v8", "end_to_end"]


class YoloAdapter(DetectionAdapter):
    """Reads one tensor of boxes (centre x, centre y, width, height) and class scores of many places.

    Attributes:
        head: ``v5``: (n, places, 5 + classes), with a score of there being an object; ``v8``:
            (n, 4 + classes, places), which v9 and v11 share; either may be transposed; ``end_to_end``:
            (n, k, 6) of x1, y1, x2, y2, score, class, already suppressed. ``auto`` tells by the shape.
        nms_iou: Boxes of one class that overlap more are the same object.
        multi_label: Let a place count for each class whose score suffices, not only for its best.
        normalised: Boxes are shares of the input's width and height, not pixels.
    """

    head: Literal["auto", "v5", "v8", "end_to_end"] = "auto"
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.7
    multi_label: bool = True
    normalised: bool = False

    def preprocess(self, shape: InputShape) -> dict[str, Any]:
        """Letterbox into the model's own size, or 640 pixels."""
        size = fixed_size(shape) or _SIDE
        return {"resize": None, "crop": None, "letterbox": {"size": size}, **UNIT_RANGE}

    def read(self, output: Any, inputs: Inputs) -> list[Detections]:
        """Decode the head and suppress what overlaps."""
        tensor = first_tensor(output, _RANK, _expected(inputs))
        if len(tensor) != inputs.count:
            raise unexpected(_expected(inputs), output)
        finite(tensor, "boxes and scores")
        head, rows = self._rows(tensor, output, inputs)
        scale = torch.ones(4, device=rows.device)
        if self.normalised:
            scale = torch.tensor([inputs.width, inputs.height] * 2, device=rows.device)
        if head == "end_to_end":
            return [Detections(one[:, :4] * scale, one[:, 4], one[:, 5].long()) for one in rows]
        boxes = corners(rows[..., :4] * scale)
        scores = rows[..., 4:] if head == "v8" else rows[..., 4:5] * rows[..., 5:]
        _check_scores(scores)
        return [self._found(*pair) for pair in zip(boxes, scores, strict=True)]

    def _rows(self, tensor: Tensor, output: Any, inputs: Inputs) -> tuple[Head, Tensor]:
        """Tell which head it is and turn it to shape (n, places, values)."""
        count = len(inputs.classes)
        v8, v5 = 4 + count, 5 + count
        _, first, last = tensor.shape
        fits: list[tuple[Head, bool, bool]] = [
            ("v8", first == v8, True),
            ("v5", last == v5, False),
            ("v8", last == v8, False),
            ("v5", first == v5, True),
            ("end_to_end", last == _END_TO_END, False),
        ]
        found = [(head, turned) for head, yes, turned in fits if yes and self.head in {"auto", head}]
        if not found:
            raise unexpected(_expected(inputs), output)
        if self.head == "auto" and "end_to_end" in {head for head, _ in found} and len(found) > 1:
            shape = tuple(tensor.shape)
            raise ModelError(
                f"expected a head that its shape tells, with {count} classes {shape} is both end_to_end and "
                f"{found[0][0]}: set the adapter option head"
            )
        head, turned = found[0]
        return head, tensor.transpose(1, 2) if turned else tensor

    def _found(self, boxes: Tensor, scores: Tensor) -> Detections:
        if self.multi_label:
            place, label = torch.nonzero(scores >= self.score, as_tuple=True)
            found = Detections(boxes[place], scores[place, label], label)
        else:
            best, label = scores.max(dim=1)
            found = Detections(boxes, best, label)
        return suppressed(found, self.nms_iou, self.score)


def _expected(inputs: Inputs) -> str:
    n, count = inputs.count, len(inputs.classes)
    return (
        f"({n}, {4 + count}, places) as YOLOv8 for {count} classes, ({n}, places, {5 + count}) as YOLOv5 or "
        f"({n}, k, 6) end to end"
    )


def _check_scores(scores: Tensor) -> None:
    low, high = (float(one) for one in torch.aminmax(scores)) if scores.numel() else (0.0, 0.0)
    if low < 0 or high > 1:
        raise ModelError(
            f"expected scores in [0, 1], the model returned {low:.4g} to {high:.4g}: export the model with "
            "its detection head's sigmoid"
        )

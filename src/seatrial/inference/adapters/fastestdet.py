"""Adapter ``fastestdet``: one grid of cells, each with an object score, a box and class probabilities."""

from typing import Annotated, Any

import torch
from pydantic import Field

from seatrial.inference.adapters.adapter import UNIT_RANGE, DetectionAdapter, Detections, Inputs, fixed_size
from seatrial.inference.adapters.expectation import first_tensor, unexpected
from seatrial.inference.adapters.suppression import corners, finite, suppressed
from seatrial.inference.network import InputShape

__all__ = ["FastestDetAdapter"]

_RANK = 4
_SIDE = 352
_OBJECT_WEIGHT, _CLASS_WEIGHT = 0.6, 0.4


class FastestDetAdapter(DetectionAdapter):
    """Reads FastestDet's output of shape (n, 5 + classes, rows, columns).

    Of a cell, value 0 is the probability p of an object, 1 and 2 place the box's centre (tanh, in cells from
    the cell's own), 3 and 4 are its width and height (sigmoid, shares of the image), the others the classes'
    probabilities q. The score is p^0.6 · max(q)^0.4 (https://github.com/dog-qiuqiu/FastestDet).

    Attributes:
        nms_iou: Boxes of one class that overlap more are the same object.
    """

    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.45

    def preprocess(self, shape: InputShape) -> dict[str, Any]:
        """Resize to the model's own size, or 352 × 352, blue first."""
        size = fixed_size(shape) or (_SIDE, _SIDE)
        return {"resize": size, "crop": None, "channels": "bgr", **UNIT_RANGE}

    def read(self, output: Any, inputs: Inputs) -> list[Detections]:
        """Decode the grid and suppress what overlaps."""
        channels = 5 + len(inputs.classes)
        expected = f"({inputs.count}, {channels}, rows, columns) for {len(inputs.classes)} classes"
        grid = first_tensor(output, _RANK, expected)
        if tuple(grid.shape[:2]) != (inputs.count, channels):
            raise unexpected(expected, output)
        rows, columns = grid.shape[2:]
        cells = finite(grid, "values").flatten(2).transpose(1, 2)
        y, x = torch.meshgrid(
            torch.arange(rows, device=grid.device), torch.arange(columns, device=grid.device), indexing="ij"
        )
        centres = torch.stack([x.flatten(), y.flatten()], dim=1) + cells[..., 1:3].tanh()
        size = torch.tensor([inputs.width, inputs.height], device=grid.device)
        cell = size / torch.tensor([columns, rows], device=grid.device)
        boxes = corners(torch.cat([centres * cell, cells[..., 3:5].sigmoid() * size], dim=-1))
        best, labels = cells[..., 5:].max(dim=-1)
        scores = cells[..., 0] ** _OBJECT_WEIGHT * best**_CLASS_WEIGHT
        finite(scores, "probabilities")  # a root of a negative number is none
        return [
            suppressed(Detections(*one), self.nms_iou, self.score)
            for one in zip(boxes, scores, labels, strict=True)
        ]

"""Of boxes that overlap, keep the one with the highest score."""

import torch
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.adapters.adapter import Detections

__all__ = ["corners", "finite", "suppressed"]

#: Boxes that are compared with each other at most; those of the highest scores.
_MOST = 30_000


def corners(boxes: Tensor) -> Tensor:
    """Turn boxes of centre x, centre y, width, height into x1, y1, x2, y2, shape (…, 4)."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def finite(values: Tensor, what: str) -> Tensor:
    """Give values back if they are numbers.

    Raises:
        ModelError: Some are NaN or infinite.
    """
    wrong = ~torch.isfinite(values)
    if bool(wrong.any()):
        raise ModelError(
            f"expected {what} that are numbers, the model returned NaN or infinity in {int(wrong.sum())} of "
            f"{values.numel()} values shaped {tuple(values.shape)}"
        )
    return values


def suppressed(found: Detections, iou: float, score: float) -> Detections:
    """Suppress, class by class, boxes that overlap one of a higher score.

    Args:
        found: Boxes of one image.
        iou: Boxes of one class whose intersection over union is larger are the same object.
        score: Boxes of a lower score are left out first.

    Returns:
        The boxes that are left, highest score first. Masks are left out.
    """
    import torchvision

    likely = torch.nonzero(found.scores >= score)[:, 0]
    order = torch.argsort(found.scores[likely], descending=True, stable=True)
    chosen = likely[order[:_MOST]]
    boxes, scores, labels = found.boxes[chosen], found.scores[chosen], found.labels[chosen]
    # in float64, so that the offsets by which torchvision keeps classes apart change no overlap
    kept = torchvision.ops.batched_nms(boxes.double(), scores.double(), labels, iou)
    return Detections(boxes[kept], scores[kept], labels[kept])

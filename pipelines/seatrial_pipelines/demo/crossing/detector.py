"""A small detector of one stage, trained from scratch in seconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import generalized_box_iou_loss

from seatrial_pipelines.demo.crossing.scenes import OBJECTS, SIDE, Scene
from seatrial_pipelines.demo.crossing.training import batches, block, pixels, steps_of

__all__ = ["Detector", "train_detector"]

_STRIDE = 8
_CELLS = SIDE // _STRIDE
_WIDTH = 24
_EPOCHS = 8
_LEARNING_RATE = 8e-3
#: A cell looks for an object where it lies in the middle of it: within this share of its size.
_MIDDLE = 0.3


class Detector(nn.Module):
    """Gives a box and the scores of all classes for each cell of a grid of 12 × 12.

    Its output is that of YOLOv8's head: shape (n, 4 + classes, cells), boxes as centre and size in pixels.
    """

    def __init__(self) -> None:
        super().__init__()
        half, whole, double = _WIDTH // 2, _WIDTH, 2 * _WIDTH
        self.trunk = nn.Sequential(
            block(3, half, stride=2),
            block(half, whole, stride=2),
            block(whole, whole),
            block(whole, double, stride=2),
            *(block(double, double) for _ in range(3)),
        )
        self.classes = nn.Conv2d(double, len(OBJECTS), 1)
        self.sides = nn.Conv2d(double, 4, 1)
        assert self.classes.bias is not None
        nn.init.constant_(self.classes.bias, -3.0)  # most cells are empty
        centres_x, centres_y = _centres()
        self.register_buffer("centres_x", torch.from_numpy(centres_x))
        self.register_buffer("centres_y", torch.from_numpy(centres_y))

    def corners(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give class logits (n, classes, cells), boxes (n, 4, cells) by their corners, and features."""
        features = self.trunk(images)
        left, top, right, bottom = (functional.softplus(self.sides(features)) * _STRIDE).flatten(2).unbind(1)
        x: Any = self.centres_x
        y: Any = self.centres_y
        boxes = torch.stack([x - left, y - top, x + right, y + bottom], 1)
        return self.classes(features).flatten(2), boxes, features

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Detect.

        Args:
            images: Shape (n, 3, 96, 96), values in [0, 1].

        Returns:
            Shape (n, 4 + classes, 144), and an embedding of each image, shape (n, 48).
        """
        logits, boxes, features = self.corners(images)
        first, second = boxes[:, :2], boxes[:, 2:]
        return (
            torch.cat([(first + second) / 2, second - first, logits.sigmoid()], 1),
            features.mean((2, 3)),
        )


def train_detector(scenes: Sequence[Scene], seed: int) -> Detector:
    """Train a detector.

    Args:
        scenes: What to train on.
        seed: Of the first weights and of the order.
    """
    torch.manual_seed(seed)
    network = Detector()
    images, (classes, boxes, busy) = pixels(scenes), _targets(scenes)
    optimiser, schedule = steps_of(network, len(scenes), _EPOCHS, _LEARNING_RATE)
    for chosen in batches(len(scenes), _EPOCHS, seed):
        logits, found, _ = network.corners(images[chosen])
        wanted, at = classes[chosen], busy[chosen]
        chance = logits.sigmoid()
        # cells that are right already count little: most are empty (focal loss)
        weight = torch.where(wanted > 0, (1 - chance) ** 2, chance**2).detach()
        of_classes = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * weight
        of_boxes = generalized_box_iou_loss(
            found.permute(0, 2, 1)[at], boxes[chosen].permute(0, 2, 1)[at], reduction="mean"
        )
        optimiser.zero_grad()
        (of_classes.sum() / at.sum() + of_boxes).backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _centres() -> tuple[np.ndarray[Any, np.dtype[np.float32]], np.ndarray[Any, np.dtype[np.float32]]]:
    middle = np.arange(_CELLS, dtype=np.float32) * _STRIDE + _STRIDE / 2
    x, y = np.meshgrid(middle, middle)
    return x.reshape(-1), y.reshape(-1)


def _targets(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor, Tensor]:
    """Give each cell its class (one-hot), its box by the corners, and whether it has one."""
    cells = _CELLS**2
    classes = torch.zeros(len(scenes), len(OBJECTS), cells)
    boxes = torch.zeros(len(scenes), 4, cells)
    busy = torch.zeros(len(scenes), cells, dtype=torch.bool)
    x, y = _centres()
    for row, scene in enumerate(scenes):
        for box in sorted(scene.boxes, key=lambda one: -one.width * one.height):  # small ones win a cell
            reach_x, reach_y = (max(4.1, size * _MIDDLE) for size in (box.width, box.height))
            inside = torch.from_numpy(
                (np.abs(x - box.x - box.width / 2) <= reach_x)
                & (np.abs(y - box.y - box.height / 2) <= reach_y)
            )
            classes[row][:, inside] = 0
            classes[row, OBJECTS.index(box.class_), inside] = 1
            corners = [box.x, box.y, box.x + box.width, box.y + box.height]
            boxes[row, :, inside] = torch.tensor(corners, dtype=torch.float32)[:, None]
            busy[row] |= inside
    return classes, boxes, busy

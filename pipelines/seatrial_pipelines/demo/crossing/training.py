"""What both small networks are trained with."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from seatrial.progress import progress
from seatrial_pipelines.demo.crossing.scenes import Scene

__all__ = ["PREPROCESS", "batches", "block", "pixels", "steps_of"]

#: The networks take images as they are, in [0, 1].
PREPROCESS = {"resize": None, "crop": None, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}

_BATCH = 32


def block(channels: int, out: int, *, stride: int = 1) -> nn.Sequential:
    """Build a convolution with normalisation."""
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


def pixels(scenes: Sequence[Scene]) -> Tensor:
    """Give the images, shape (n, 3, 96, 96), in [0, 1]."""
    stacked = torch.from_numpy(np.stack([scene.pixels for scene in scenes]))
    return stacked.permute(0, 3, 1, 2).float() / 255


def steps_of(network: nn.Module, images: int, epochs: int, rate: float) -> tuple[Optimizer, LRScheduler]:
    """Make the optimiser and its one-cycle schedule."""
    optimiser = AdamW(network.parameters(), rate, weight_decay=1e-3)
    return optimiser, OneCycleLR(optimiser, rate, total_steps=epochs * (images // _BATCH))


def batches(images: int, epochs: int, seed: int) -> Iterator[Tensor]:
    """Yield the rows of each batch, in a new order in each epoch, and show how far the training is."""
    order = torch.Generator().manual_seed(seed)
    each = images // _BATCH
    with progress("train", epochs * each * _BATCH, "images") as advance:
        for _ in range(epochs):
            shuffled = torch.randperm(images, generator=order)
            for number in range(each):
                yield shuffled[number * _BATCH : (number + 1) * _BATCH]
                advance(_BATCH)

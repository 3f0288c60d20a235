"""A small U-shaped segmenter, trained from scratch in seconds."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seatrial_pipelines.demo.crossing.scenes import SURFACES, Scene
from seatrial_pipelines.demo.crossing.training import batches, block, pixels, steps_of

__all__ = ["Segmenter", "train_segmenter"]

_WIDTH = 16
_EPOCHS = 6
_LEARNING_RATE = 1e-2
#: People and cyclists are few pixels: they count more.
_WEIGHTS = (0.5, 0.5, 1.0, 2.0, 2.0)


class Segmenter(nn.Module):
    """Gives logits of all surfaces for each pixel (U-Net, Ronneberger et al. 2015, three levels deep)."""

    def __init__(self) -> None:
        super().__init__()
        one, two = _WIDTH, 2 * _WIDTH
        self.top = block(3, one, stride=2)
        self.middle = nn.Sequential(block(one, two, stride=2), block(two, two))
        self.bottom = nn.Sequential(block(two, two, stride=2), block(two, two), block(two, two))
        self.up_middle = block(two + two, two)
        self.up_top = block(two + one, one)
        self.surfaces = nn.Conv2d(one, len(SURFACES), 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Segment.

        Args:
            images: Shape (n, 3, 96, 96), values in [0, 1].

        Returns:
            Logits, shape (n, surfaces, 96, 96), and an embedding of each image, shape (n, 32).
        """
        top = self.top(images)
        middle = self.middle(top)
        bottom = self.bottom(middle)
        found = self.up_middle(torch.cat([_twice(bottom), middle], 1))
        found = self.up_top(torch.cat([_twice(found), top], 1))
        return _twice(self.surfaces(found)), bottom.mean((2, 3))


def train_segmenter(scenes: Sequence[Scene], seed: int) -> Segmenter:
    """Train a segmenter.

    Args:
        scenes: What to train on.
        seed: Of the first weights and of the order.
    """
    torch.manual_seed(seed)
    network = Segmenter()
    images = pixels(scenes)
    masks = torch.from_numpy(np.stack([scene.mask for scene in scenes])).long()
    weights = torch.tensor(_WEIGHTS)
    optimiser, schedule = steps_of(network, len(scenes), _EPOCHS, _LEARNING_RATE)
    for chosen in batches(len(scenes), _EPOCHS, seed):
        loss = functional.cross_entropy(network(images[chosen])[0], masks[chosen], weights)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch declares no types
        optimiser.step()
        schedule.step()
    return network.eval()


def _twice(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")

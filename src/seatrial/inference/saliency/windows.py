"""Blanking parts of an image, and what the model then says."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Windows", "blank", "median_colour"]


@dataclass(frozen=True, slots=True)
class Windows:
    """Square windows on a regular grid, overlapping by half.

    Attributes:
        per_side: Windows along each side, at least 1.
        share: Side of a window as a share of the image's side: 2 / (``per_side`` + 1).
    """

    per_side: int = 7

    @property
    def share(self) -> float:
        """Side of a window as a share of the image's."""
        return 2 / (self.per_side + 1)

    def masks(self, height: int, width: int) -> Tensor:
        """Say which pixels are in each window, bool, shape (windows, height, width)."""
        rows, columns = self._spans(height), self._spans(width)
        masks = torch.zeros((self.per_side**2, height, width), dtype=torch.bool)
        for place in range(self.per_side**2):
            (top, bottom), (left, right) = rows[place // self.per_side], columns[place % self.per_side]
            masks[place, top:bottom, left:right] = True
        return masks

    def box(self, place: int) -> tuple[float, float, float, float]:
        """Give a window's x, y, width and height as shares of the image."""
        step = self.share / 2
        return place % self.per_side * step, place // self.per_side * step, self.share, self.share

    def _spans(self, side: int) -> list[tuple[int, int]]:
        edges = [round(place * side / (self.per_side + 1)) for place in range(self.per_side + 2)]
        return [(first, max(last, first + 1)) for first, last in zip(edges, edges[2:], strict=False)]


def blank(pixels: Tensor, where: Tensor, colour: Tensor) -> Tensor:
    """Paint over parts of images.

    Args:
        pixels: Shape (n, 3, height, width).
        where: What to paint over, bool, shape (n, height, width).
        colour: Shape (n, 3).
    """
    return torch.where(where[:, None], colour[:, :, None, None], pixels)


def median_colour(pixels: NDArray[np.uint8], where: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Give the median of each channel, shape (3,): what is usual in an image, or in a part of it.

    Args:
        pixels: Shape (height, width, 3).
        where: The part, shape (height, width); None, or an empty one, for everything.
    """
    chosen = pixels.reshape(-1, 3) if where is None or not where.any() else pixels[where]
    return np.asarray(np.median(chosen, axis=0), dtype=np.uint8)

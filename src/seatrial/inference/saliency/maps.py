"""Maps of salience: to the input's size, and to a few cells that are kept."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["cells", "resized", "shares"]


def resized(salience: Tensor, height: int, width: int) -> Tensor:
    """Take a map to the input's size, on the host, in double precision, bilinearly."""
    whole = salience.detach().double().cpu()
    if tuple(whole.shape) == (height, width):
        return whole
    size = (height, width)
    return nn.functional.interpolate(whole[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def cells(whole: Tensor, side: int) -> NDArray[np.uint8]:
    """Average over the cells of a square grid and scale so that the highest is 255."""
    found = _pooled(whole, side)
    return np.asarray((found / float(found.max()) * 255).round().numpy(), dtype=np.uint8)


def shares(core: Tensor, side: int) -> NDArray[np.uint8]:
    """Give the share of each cell that is core, of 255."""
    return np.asarray((_pooled(core.double(), side) * 255).round().numpy(), dtype=np.uint8)


def _pooled(whole: Tensor, side: int) -> Tensor:
    return nn.functional.adaptive_avg_pool2d(whole[None, None], (side, side))[0, 0]

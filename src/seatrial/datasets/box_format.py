"""Boxes against their images: which reach outside, and whether they look like another format of boxes."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["look_like_corners", "look_like_sizes", "outside"]

#: Pixels by which a box may reach outside of its image before it is called so: annotation tools round.
TOLERANCE = 0.5

# from so many boxes and such a share of odd ones on, it is the format that is odd
_FEWEST, _SHARE = 3, 0.2


def outside(boxes: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes reach outside of their image by more than half a pixel.

    Args:
        boxes: x, y, width, height, shape (k, 4).
        sizes: Width and height of each box's image, shape (k, 2); infinite where not known.

    Returns:
        Shape (k,).
    """
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    return np.asarray(((low < -TOLERANCE) | (high > sizes + TOLERANCE)).any(axis=1))


def look_like_corners(boxes: NDArray[np.float64], sizes: NDArray[np.float64]) -> bool:
    """Tell whether boxes read as x, y, width, height look like x1, y1, x2, y2.

    So they do where at least three boxes and a fifth of them reach outside of their images, but every
    one of them would be a proper box inside of its image were it given by its corners.

    Args:
        boxes: Shape (k, 4).
        sizes: Shape (k, 2).
    """
    odd = outside(boxes, sizes)
    as_corners = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    proper = (as_corners[:, 2:] > 0).all(axis=1) & ~outside(as_corners, sizes)
    return bool(odd.sum() >= max(_FEWEST, _SHARE * len(boxes)) and proper.all())


def look_like_sizes(corners: NDArray[np.float64], sizes: NDArray[np.float64]) -> bool:
    """Tell whether boxes read as x1, y1, x2, y2 look like x, y, width, height.

    So they do where at least three boxes and a fifth of them have no positive size, but every one of them
    would be a proper box inside of its image were it given by its size.

    Args:
        corners: Shape (k, 4).
        sizes: Shape (k, 2).
    """
    odd = (corners[:, 2:] <= corners[:, :2]).any(axis=1)
    proper = (corners[:, 2:] > 0).all(axis=1) & ~outside(corners, sizes)
    return bool(odd.sum() >= max(_FEWEST, _SHARE * len(corners)) and proper.all())

"""Class values to probabilities, with every way they can be wrong checked."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.errors import ModelError, examples

__all__ = ["check_probabilities", "check_shape", "to_probabilities"]

_MATRIX = 2

#: By how much probabilities may miss [0, 1] and a sum of one; wide enough for half precision.
TOLERANCE = 1e-2


def check_shape(values: Tensor, images: int, classes: Sequence[str], *, named_by_user: bool) -> None:
    """Check that a model gives one value per image and class.

    Raises:
        ModelError: It does not; the message says what was expected and what to do.
    """
    if values.ndim != _MATRIX or len(values) != images:
        raise ModelError(
            f"the model returned a tensor shaped {tuple(values.shape)}: "
            f"expected ({images}, {len(classes)}), one row an image, one column a class"
        )
    if values.shape[1] != len(classes):
        source = "the option classes" if named_by_user else "the data set"
        raise ModelError(
            f"the model returned {values.shape[1]} values an image: expected {len(classes)}, one for each "
            f"class of {source} ({examples(classes)}); name the model's classes, in its order, with the "
            "option classes"
        )


def to_probabilities(values: Tensor, outputs: str) -> Tensor:
    """Turn class values into float32 probabilities on their device; logits go through a softmax."""
    single = values.float()
    return torch.softmax(single, dim=1) if outputs == "logits" else single


def check_probabilities(scores: NDArray[np.float32], ids: Sequence[str], precision: str) -> None:
    """Check that every row is a probability distribution.

    Raises:
        ModelError: A value is NaN or infinite, outside [0, 1], or a row does not sum to one; the message
            names the first images.
    """
    broken = np.asarray(~np.isfinite(scores).all(axis=1))
    if broken.any():
        hint = (
            "" if precision in {"float32", "model"} else f" (computed in {precision}: try precision float32)"
        )
        raise ModelError(f"the model returned NaN or infinity for {_first(broken, ids)}{hint}")
    outside: NDArray[np.bool_] = np.abs(scores.sum(axis=1, dtype=np.float64) - 1) > TOLERANCE
    outside |= ((scores < -TOLERANCE) | (scores > 1 + TOLERANCE)).any(axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise ModelError(
            f"the model's outputs are not probabilities for {_first(outside, ids)}: expected values in "
            f"[0, 1] that sum to 1, got {scores[row].min():.4g} to {scores[row].max():.4g} with sum "
            f"{scores[row].sum(dtype=np.float64):.4g}; set outputs: logits if they are logits"
        )


def _first(mask: NDArray[np.bool_], ids: Sequence[str]) -> str:
    named = [one for one, wrong in zip(ids, mask.tolist(), strict=True) if wrong]
    return f"{len(named)} of {len(ids)} images of a batch: {examples(named)}"

"""How much a property of the training samples goes with a class there."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from seatrial.errors import InputError

__all__ = ["Lift", "training_lift"]


@dataclass(frozen=True, slots=True)
class Lift:
    """How much likelier a class is among some training samples than among the others.

    Attributes:
        value: Ratio of the two shares, from 0.
        low: Lower end of its interval.
        high: Upper end.
        n: Members among the training samples.
        share: Share of the members that are of the class.
    """

    value: float
    low: float
    high: float
    n: int
    share: float

    @property
    def correlated(self) -> bool:
        """Whether the class certainly goes with membership."""
        return self.low > 1


def training_lift(
    members: NDArray[np.bool_], of_class: NDArray[np.bool_], *, confidence: float = 0.95
) -> Lift | None:
    """Compare the share of a class among members with its share among the others.

    The interval is Katz's of a ratio of shares (Katz et al. 1978, Biometrics 34:469), with half a sample
    added to each count, which bounds it where a count is none.

    Args:
        members: Which training samples have the property, shape (n,).
        of_class: Which are of the class, shape (n,).
        confidence: Coverage of the interval.

    Returns:
        The lift; None where all samples or none are members, and nothing can be compared.

    Raises:
        InputError: The lengths differ.
    """
    if members.shape != of_class.shape:
        raise InputError(f"expected as many members as labels, got {members.shape} and {of_class.shape}")
    inside, outside = int(members.sum()), int((~members).sum())
    if inside == 0 or outside == 0:
        return None
    hits, others = float((members & of_class).sum()), float((~members & of_class).sum())
    first, second = (hits + 0.5) / (inside + 0.5), (others + 0.5) / (outside + 0.5)
    spread = 1 / (hits + 0.5) - 1 / (inside + 0.5) + 1 / (others + 0.5) - 1 / (outside + 0.5)
    reach = float(ndtri(0.5 + confidence / 2)) * math.sqrt(max(spread, 0.0))
    value = first / second
    return Lift(value, value * math.exp(-reach), value * math.exp(reach), inside, hits / inside)

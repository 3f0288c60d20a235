"""A measured number, or the reason why there is none."""

from dataclasses import dataclass

__all__ = ["Difference", "Estimate", "Measurement", "NotComputable"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value with its confidence interval.

    Attributes:
        value: Point value, finite.
        low: Lower bound of the interval, at most ``high``; None where no interval was asked for.
        high: Upper bound; None where no interval was asked for.
        n: Samples that the metric rests on (its denominator: for recall, the samples of the class).
    """

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class NotComputable:
    """Why a metric has no value on a slice; never a NaN, never a zero."""

    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate minus champion on the same samples.

    Attributes:
        value: Point difference; its sign is that of the metric, so for log loss positive is worse.
        low: Lower bound of its paired interval.
        high: Upper bound.
        p_worse: One-sided p-value of "the candidate is worse than the champion", in [0, 1].
        n: Samples that both were measured on.
    """

    value: float
    low: float
    high: float
    p_worse: float
    n: int


Measurement = Estimate | NotComputable

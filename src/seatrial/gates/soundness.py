"""Whether a row of a slice report can be true: what cannot is an error, never evidence."""

import math

from seatrial.metrics import METRICS
from seatrial.slices import SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable

__all__ = ["incomparable", "unsound"]

_SAME = 1e-9


def unsound(measured: Estimate | NotComputable, row: SliceRow) -> str:
    """Say why a model's measurement in a row cannot be judged; empty where it can."""
    if isinstance(measured, NotComputable):
        return f"not computable: {measured.reason}"
    value, low, high = measured.value, measured.low, measured.high
    bounds = [bound for bound in (low, high) if bound is not None]
    greatest = METRICS[row.metric].greatest
    if not all(map(math.isfinite, (value, *bounds))):
        problem = f"not finite: {value}, interval {low} to {high}"
    elif low is not None and high is not None and low > high:
        problem = f"the interval is upside down: {low} to {high}"
    elif (low is not None and low > value + _SAME) or (high is not None and high < value - _SAME):
        problem = f"{value} is outside its interval, {low} to {high}"
    elif not -_SAME <= value <= greatest + _SAME:
        problem = f"expected {row.metric} between 0 and {greatest:g}, got {value}"
    elif measured.n > row.n:
        problem = f"it rests on {measured.n} samples, but the slice holds {row.n}"
    else:
        problem = ""
    return problem


def incomparable(row: SliceRow) -> str:
    """Say why a row's paired difference cannot be judged; empty where it can."""
    if row.baseline is None:
        return "the champion was not measured"
    for role, measured in (("candidate", row.candidate), ("champion", row.baseline)):
        problem = unsound(measured, row)
        if problem:
            return f"{role} {problem}"
    assert isinstance(row.candidate, Estimate)
    assert isinstance(row.baseline, Estimate)
    return _corrupt(row.difference, row.candidate.value - row.baseline.value)


def _corrupt(paired: Difference | None, apart: float) -> str:
    if paired is None:
        return "the paired difference is not computable"
    if not all(map(math.isfinite, (paired.value, paired.low, paired.high, paired.p_worse))):
        return f"the paired difference is not finite: {paired.value}, {paired.low} to {paired.high}"
    if paired.low > paired.high or not 0 <= paired.p_worse <= 1:
        return f"the paired difference is corrupt: {paired.low} to {paired.high}, p = {paired.p_worse}"
    if not paired.low - _SAME <= paired.value <= paired.high + _SAME:
        return f"the paired difference {paired.value} is outside its interval, {paired.low} to {paired.high}"
    if abs(paired.value - apart) > _SAME:
        return f"the paired difference is {paired.value}, but the two values are {apart} apart"
    return ""

"""Intervals, paired comparison and multiplicity; knows nothing of metrics or slices."""

from seatrial.statistics.bootstrap import (
    PoissonWeights,
    bias,
    bootstrap_p_worse,
    skewness,
    standard_error,
    undefined,
)
from seatrial.statistics.halves import confirming_half
from seatrial.statistics.measurement import Difference, Estimate, Measurement, NotComputable
from seatrial.statistics.multiplicity import benjamini_hochberg, holm
from seatrial.statistics.paired import mcnemar_midp, tango, tango_from_error
from seatrial.statistics.proportion import t_score, wilson, wilson_from_error
from seatrial.statistics.spending import alpha_spent, alpha_spent_until

__all__ = [
    "Difference",
    "Estimate",
    "Measurement",
    "NotComputable",
    "PoissonWeights",
    "alpha_spent",
    "alpha_spent_until",
    "benjamini_hochberg",
    "bias",
    "bootstrap_p_worse",
    "confirming_half",
    "holm",
    "mcnemar_midp",
    "skewness",
    "standard_error",
    "t_score",
    "tango",
    "tango_from_error",
    "undefined",
    "wilson",
    "wilson_from_error",
]

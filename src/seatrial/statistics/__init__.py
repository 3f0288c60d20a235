"""Intervals, paired comparison and multiplicity; knows nothing of metrics or slices."""

from seatrial.statistics.bootstrap import (
    PoissonWeights,
    bias_corrected,
    bootstrap_p_worse,
    percentile_interval,
    undefined,
)
from seatrial.statistics.measurement import Difference, Estimate, Measurement, NotComputable
from seatrial.statistics.multiplicity import benjamini_hochberg, holm
from seatrial.statistics.paired import mcnemar_midp, tango
from seatrial.statistics.proportion import wilson
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
    "bias_corrected",
    "bootstrap_p_worse",
    "holm",
    "mcnemar_midp",
    "percentile_interval",
    "tango",
    "undefined",
    "wilson",
]

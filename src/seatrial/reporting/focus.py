"""Which samples lie in the slices that keep the candidate from going live."""

import numpy as np
from numpy.typing import NDArray

from seatrial.reporting.inputs import ReportInputs
from seatrial.slices import ALL, SliceSpec, members

__all__ = ["focus_rows"]

_MOST = 24


def focus_rows(inputs: ReportInputs) -> dict[str, NDArray[np.int64]]:
    """Find the rows of the slices of blocking decisions, then of warnings that failed: 24 slices at most.

    Returns:
        Row numbers of the candidate's table, by slice, in the verdict's order.
    """
    decisions = inputs.verdict.decisions
    concerned = [one for one in decisions if one.blocking]
    concerned += [one for one in decisions if one.outcome == "fail" and not one.blocking]
    families = {row.slice: row.family for row in inputs.slices.rows if row.slice != ALL}
    wanted = list(dict.fromkeys(one.slice for one in concerned if one.slice in families))[:_MOST]
    specs = {
        family: SliceSpec.model_validate(inputs.slices.slices[family])
        for family in dict.fromkeys(families[one] for one in wanted)
        if inputs.slices.slices and family in inputs.slices.slices
    }
    found = {one.name: one.index for one in members(specs, inputs.candidate.samples)} if specs else {}
    return {name: found[name] for name in wanted if name in found}

"""Say how many labelled samples a policy needs on each slice, before any of them is paid for."""

from dataclasses import replace
from pathlib import Path

from seatrial.files import write_json
from seatrial.gates import Policy
from seatrial.gates.sampling_plan import Assumptions, Need, plan_test_set
from seatrial.slices import SliceReport

__all__ = ["run"]


def run(
    policy: Path,
    assumptions: Assumptions | None = None,
    *,
    slices: Path | None = None,
    out: Path | None = None,
) -> list[Need]:
    """Plan a test set.

    Args:
        policy: The policy file.
        assumptions: What is assumed of models and data that are not measured yet.
        slices: Folder of an earlier slice report, whose values and intervals are assumed instead.
        out: JSON file to write the plan to; None to write nothing.

    Raises:
        InputError: A file cannot be read, or an assumption is missing or out of range.
        PolicyError: The policy is not valid.
    """
    assumed = assumptions or Assumptions()
    if slices is not None:
        assumed = replace(assumed, report=SliceReport.read(slices))
    rules = Policy.load(policy)
    needs = plan_test_set(rules, assumed)
    if out is not None:
        write_json(
            out, {"schema_version": 1, "policy": rules.digest, "needs": [one.to_json() for one in needs]}
        )
    return needs

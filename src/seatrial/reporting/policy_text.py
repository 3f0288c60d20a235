"""What a policy could judge from now on, as text to paste into it: slices and scenarios."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from seatrial.datasets import Task
from seatrial.mining import Failures
from seatrial.mining.edge_cases.groups import title_of
from seatrial.mining.edge_cases.proposals import (
    MOST_FROZEN,
    SOLVED_BY,
    Proposal,
    proposals,
    rounded_down,
)
from seatrial.mining.edge_cases.targets import Target, targets
from seatrial.reporting.blind_spots import FoundGroups
from seatrial.reporting.display import count, exact, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.mistakes import broken_rows

__all__ = ["PolicyText", "proposed_scenarios", "proposed_slices"]

#: Slices and scenarios that are proposed at most.
_PROPOSED = 8
#: Characters that one slice may take; the centre of a cluster of 4,096 embeddings takes 22,000.
_LONGEST = 40_000
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A section of a policy.

    Attributes:
        text: YAML; empty where nothing is proposed.
        left_out: What could not be written, one sentence; empty where everything is.
    """

    text: str
    left_out: str = ""


def proposed_slices(found: FoundGroups) -> PolicyText:
    """Write the confirmed groups as a policy holds slices."""
    slices = {one["name"]: one["slice"] for one in found.confirmed[:_PROPOSED] if one["slice"]}
    kept = {name: spec for name, spec in slices.items() if len(_dumped({name: spec})) <= _LONGEST}
    missing = len(slices) - len(kept)
    left_out = (
        f"{count(missing)} {'slice is' if missing == 1 else 'slices are'} too long for a page: "
        "proposed_slices.yaml holds all."
    )
    return PolicyText(_dumped({"slices": kept}) if kept else "", left_out if missing else "")


def proposed_scenarios(inputs: ReportInputs) -> PolicyText:
    """Write what fails as a policy holds scenarios: frozen samples, and what solves them.

    First what the champion solves and the candidate broke, then each group that fails, or each frequent
    confusion where no groups are known: eight at most, of at most 50 samples each.
    """
    failures = inputs.failures
    content = _contents(inputs)
    offered = [*_broken(inputs, failures), *proposals(failures, _targets(inputs, failures))][:_PROPOSED]
    scenarios = {}
    for one in offered:
        ids = [id_ for id_ in one.ids if exact(id_)]
        if ids:
            frozen = {id_: content.get(id_) for id_ in ids}
            scenarios[one.name] = {
                "because": plain(one.because),
                "expect": one.expect,
                "samples": frozen if any(frozen.values()) else ids,
            }
    odd = len({id_ for one in offered for id_ in one.ids if not exact(id_)})
    left_out = f"{count(odd)} samples are left out: their ids cannot be written as they are."
    return PolicyText(_dumped({"scenarios": scenarios}) if scenarios else "", left_out if odd else "")


def _broken(inputs: ReportInputs, failures: Failures) -> Iterator[Proposal]:
    """Freeze what was right before: what the champion reaches on it, its successors have to reach."""
    task = inputs.candidate.header.task
    rows = broken_rows(inputs)
    if task == "detection":  # what is made up where there is nothing, no frozen recall would notice
        rows = np.intersect1d(rows, failures.row[failures.error & (failures.truth < len(failures.classes))])
    if not len(rows):
        return
    loss = np.zeros(len(inputs.candidate))
    np.maximum.at(loss, failures.row, failures.loss)
    worst = rows[np.argsort(-loss[rows], kind="stable")][:MOST_FROZEN]
    ids = tuple(inputs.ids[row] for row in worst.tolist())
    because = f"right before, broken by {inputs.candidate.header.model}"
    yield Proposal("broken-by-a-candidate", because, ids, _expected(inputs, ids, task))


def _expected(inputs: ReportInputs, ids: Sequence[str], task: Task) -> dict[str, Any]:
    """Expect every sample right; of a segmenter, the champion's mean IoU on these samples."""
    if task != "segmentation":
        return {"metric": SOLVED_BY[task], "min": 1.0}
    assert inputs.champion_outcomes is not None
    assert inputs.baseline is not None
    rows = {one: row for row, one in enumerate(inputs.baseline.samples.column("id").to_pylist())}
    error = inputs.champion_outcomes.error[[rows[one] for one in ids]]
    return {"metric": SOLVED_BY[task], "min": rounded_down(float(1 - error.mean()))}


def _targets(inputs: ReportInputs, failures: Failures) -> list[Target]:
    """Give the groups that fail, else the most frequent confusions, with their failing units."""
    nowhere = np.zeros(len(failures), dtype=np.int64)
    found = inputs.found
    if found is None or not found.confirmed:
        return targets(failures, nowhere)
    units = found.failing_units(failures)
    return [
        Target(title_of(one), places, nowhere[places])
        for one in found.confirmed
        if len(places := units.get(one["name"], nowhere[:0]))
    ]


def _contents(inputs: ReportInputs) -> Mapping[str, str | None]:
    samples = inputs.candidate.samples
    if "content" not in samples.column_names:
        return {}
    return dict(zip(inputs.ids, samples.column("content").to_pylist(), strict=True))


def _dumped(section: Mapping[str, Any]) -> str:
    """Write YAML that means the same wherever it is copied: what nobody can see is escaped."""
    text = yaml.safe_dump(section, sort_keys=False, allow_unicode=True, width=_WIDTH)
    if all(exact(line, len(line)) for line in text.split("\n")):
        return text
    return yaml.safe_dump(section, sort_keys=False, width=_WIDTH)

"""The outcome of judging a policy: every decision with its numbers and its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from seatrial.digests import canonical_json
from seatrial.errors import InputError
from seatrial.fields import flag, items, mapping, one_of
from seatrial.files import read_json, write_text

__all__ = ["Decision", "Outcome", "Verdict", "judges_metric", "nothing_shown", "overall"]

SCHEMA_VERSION = 1


class Outcome(StrEnum):
    """How a rule, or the whole policy, ended."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule on one slice.

    Attributes:
        rule: The rule's id.
        type: The rule's type, e.g. ``"non_inferior"``.
        severity: ``"block"`` decides the verdict, ``"warn"`` is reported.
        slice: Slice (or check, for a ``data`` rule) that was judged.
        metric: Metric that was judged; None for rules on data and coverage.
        outcome: How it ended; ``PASS`` with a ``waiver`` means that a failure was waived.
        reason: One sentence with the numbers in it.
        value: What was judged: a value, a difference, a gap or a count.
        low: Lower bound of its interval.
        high: Upper bound.
        limit: What it was held against.
        n: Samples behind it.
        n_needed: How many more samples would decide it; None where it is decided or cannot be said.
        blocking: Whether this decision keeps the verdict from passing.
        class_: Class that the metric is of; None for overall and macro-averaged metrics.
        waiver: Owner, reason and expiry of the waiver that applied; None otherwise.
    """

    rule: str
    type: str
    severity: Literal["block", "warn"]
    slice: str
    metric: str | None
    outcome: Outcome
    reason: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    n: int | None = None
    n_needed: int | None = None
    blocking: bool = False
    class_: str | None = None
    waiver: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """May the candidate be promoted?

    Attributes:
        outcome: error > fail > inconclusive > pass over the blocking rules; never ``SKIPPED``.
        decisions: Every decision, in the policy's order, then by slice.
        inputs: What was judged, by name: model URIs and digests, data set, policy, slice report and
            quality report digests.
        problems: Why the outcome is ``ERROR`` although no rule says so, e.g. a policy without rules.
        notes: What else a reader must know: waivers that expired or match nothing, comparisons that were
            skipped for want of a champion.
    """

    outcome: Outcome
    decisions: tuple[Decision, ...]
    inputs: dict[str, Any]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def promotes(self) -> bool:
        """Whether the registry alias may move: only a pass does."""
        return self.outcome is Outcome.PASS

    def blocking(self) -> Iterable[Decision]:
        """Give the decisions that keep the verdict from passing."""
        return (decision for decision in self.decisions if decision.blocking)

    def contradiction(self) -> str | None:
        """Say how the outcome differs from what the decisions come to; None where it does not.

        No verdict that was decided contradicts itself: one that does was edited, or is of another program.
        """
        refused = (Outcome.FAIL, Outcome.ERROR)
        for one in self.decisions:
            if one.severity == "block" and one.outcome in refused and not one.blocking:
                return f"rule {one.rule!r} on {one.slice!r} is {one.outcome}, but does not block"
        expected = Outcome.ERROR if self.problems else overall(self.decisions)
        if self.outcome is not expected:
            return f"the decisions come to {expected}, but the outcome is {self.outcome}"
        if expected is Outcome.PASS and not any(one.severity == "block" for one in self.decisions):
            return "the outcome is pass, but no decision could have refused it"
        if expected is Outcome.PASS and nothing_shown(self.decisions):
            return "the outcome is pass, but no metric was decided"
        return None

    def to_json(self) -> str:
        """Write canonical JSON; the same verdict has the same bytes."""
        body = {
            "schema_version": SCHEMA_VERSION,
            "outcome": str(self.outcome),
            "decisions": [_decision_json(decision) for decision in self.decisions],
            "inputs": self.inputs,
            "problems": list(self.problems),
            "notes": list(self.notes),
        }
        return canonical_json(body) + "\n"

    def write(self, path: Path) -> None:
        """Write ``verdict.json`` atomically."""
        write_text(path, self.to_json())

    @classmethod
    def read(cls, path: Path) -> "Verdict":
        """Read ``verdict.json``.

        Raises:
            InputError: The file is absent, not JSON, of another schema version, or incomplete, or a field
                is not what it has to be.
        """
        body = read_json(path, "decide-promotion writes it")
        if not isinstance(body, dict) or body.get("schema_version") != SCHEMA_VERSION:
            raise InputError(f"{path}: expected a verdict of schema_version {SCHEMA_VERSION}")
        try:
            decisions = tuple(_decision(mapping(one, "decisions")) for one in items(body, "decisions"))
            texts = (tuple(items(body, "problems")), tuple(items({"notes": []} | body, "notes")))
            return cls(Outcome(body["outcome"]), decisions, body["inputs"], *texts)
        except (InputError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: not a complete verdict: {error}") from error


def overall(decisions: Iterable[Decision]) -> Outcome:
    """Sum decisions up: error > fail > inconclusive > pass over those that block."""
    found = {one.outcome for one in decisions if one.blocking}
    ordered = (Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE)
    return next((outcome for outcome in ordered if outcome in found), Outcome.PASS)


def judges_metric(decision: Decision) -> bool:
    """Whether a decision could show that the candidate is good enough: it blocks, and is on a metric."""
    return decision.severity == "block" and decision.metric is not None


def nothing_shown(decisions: Iterable[Decision]) -> bool:
    """Whether a pass would rest on no metric: all that could show something are inconclusive or skipped.

    Where all were skipped the policy said so itself, e.g. for want of a champion.
    """
    outcomes = {one.outcome for one in decisions if judges_metric(one)}
    return Outcome.INCONCLUSIVE in outcomes and outcomes <= {Outcome.INCONCLUSIVE, Outcome.SKIPPED}


def _decision_json(decision: Decision) -> dict[str, Any]:
    values = {field.name: getattr(decision, field.name) for field in fields(decision)}
    values["class"] = values.pop("class_")
    return values


def _decision(row: Mapping[str, Any]) -> Decision:
    # what decides; the numbers are for people
    one_of(row, "severity", ("block", "warn"))
    flag(row, "blocking")
    values = dict(row)
    values["class_"] = values.pop("class")
    values["outcome"] = Outcome(values["outcome"])
    return Decision(**values)

"""What a policy is judged on, checked for gaps before any rule looks at it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seatrial.gates.conformity import disagreements, level
from seatrial.gates.drafting import draft
from seatrial.gates.policy import Policy
from seatrial.gates.rules import Comparison, OnMetric, Rule
from seatrial.gates.soundness import incomparable, unsound
from seatrial.gates.verdict import Decision, Outcome
from seatrial.quality import QualityReport
from seatrial.slices import ALL, SliceReport, SliceRow, SliceSpec
from seatrial.spelling import did_you_mean
from seatrial.statistics import Difference, Estimate

__all__ = ["Compared", "Evidence", "Measured"]

_NUMBER = re.compile(r"((?<![\w.])-?\d+(?:\.\d+)?|\d+)")


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric on a slice, with finite numbers."""

    slice: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Compared:
    """A paired difference on a slice, with finite numbers.

    Attributes:
        slice: The slice.
        difference: Candidate minus champion.
        n: The fewest samples that the difference or either of the two metrics rests on.
    """

    slice: str
    difference: Difference
    n: int


@dataclass(frozen=True)
class Evidence:
    """A slice report and a quality report, arranged for the rules of one policy.

    Attributes:
        policy: The policy.
        report: What was measured.
        quality: What the data checks found; None where they were not run.
        use: Which use of the data set this is, from 1; None where uses are not counted.
    """

    policy: Policy
    report: SliceReport
    quality: QualityReport | None
    use: int | None = None
    _rows: dict[tuple[str, str, str, str | None], SliceRow] = field(default_factory=dict, repr=False)
    _sizes: dict[str, dict[str, int]] = field(default_factory=dict, repr=False)
    _repeated: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        """Arrange the rows; their order does not matter."""
        for row in self.report.rows:
            key = (row.family, row.slice, row.metric, row.class_)
            if key in self._rows:
                self._repeated.add(row.slice)
            self._rows[key] = row
            sizes = self._sizes.setdefault(row.family, {})
            sizes[row.slice] = min(sizes.get(row.slice, row.n), row.n)

    @property
    def header(self) -> Mapping[str, Any]:
        """The slice report's header."""
        return self.report.header

    @property
    def alpha(self) -> float:
        """Level of the tests."""
        return level(self.policy, self.use)

    @property
    def confidence(self) -> float:
        """Confidence of the intervals."""
        return 1.0 - self.alpha

    @property
    def has_champion(self) -> bool:
        """Whether the candidate was measured against a champion."""
        return self.header.get("baseline") is not None

    def problems(self) -> list[str]:
        """Say why the slice report cannot be judged by this policy at all; empty where it can."""
        found = list(disagreements(self.policy, self.header, self.use))
        if self._repeated:
            names = ", ".join(map(repr, sorted(self._repeated)[:5]))
            found.append(f"the slice report holds a metric more than once, on {names}")
        return found

    def sizes(self, family: str) -> dict[str, int]:
        """Give the labelled samples of each slice of a family, in the order of their names."""
        sizes = self._sizes.get(family, {})
        return {name: sizes[name] for name in sorted(sizes, key=_natural)}

    def row(self, family: str, slice_: str, metric: str, class_: str | None) -> SliceRow | None:
        """Find one measurement; None where it is not in the report."""
        return self._rows.get((family, slice_, metric, class_))

    def stale(self, family: str) -> str:
        """Say how a family was measured otherwise than the policy now says; empty where it was not."""
        spec = self.policy.specs.get(family)
        if spec is None or self.report.slices is None:
            return ""
        again = "measure the slices again with this policy"
        asked = self.header.get("asked")
        if not isinstance(asked, dict) or not isinstance(asked.get(family), dict):
            return f"{family!r} was not measured: {again}"
        then, now = asked[family], spec.meaning
        if self.report.slices.get(family) == now:
            return self._incomplete(family, spec)  # the policy writes the bins that were fitted
        differing = [key for key in now | then if now.get(key) != then.get(key)]
        if differing:
            key = differing[0]
            return (
                f"{family!r} was measured with {key} {then.get(key)!r}, the policy says {now.get(key)!r}: "
                f"{again}"
            )
        return self._incomplete(family, spec)

    def _incomplete(self, family: str, spec: SliceSpec) -> str:
        """Say that slices are missing which measuring always gives; empty where none are."""
        sizes = self.sizes(family)
        if spec.by is None and not sizes:
            return f"{family!r} is not in the slice report: measure the slices again"
        counted, what = (
            ("labelled", "labelled samples") if spec.level == "image" else ("objects", "true objects")
        )
        labelled = (self.header.get("dataset") or {}).get(counted)
        whole = spec.where is None and spec.ids is None and spec.cluster is None
        if not whole or labelled is None or sum(sizes.values()) == labelled:
            return ""
        return (
            f"the slices of {family!r} hold {sum(sizes.values())} of {labelled} {what}: the "
            "slice report is not complete, measure the slices again"
        )

    def measured(self, rule: OnMetric) -> tuple[list[Measured], list[Decision]]:
        """Find a rule's metric on each of its slices.

        Returns:
            What can be judged, and a drafted decision for each slice that cannot.
        """
        rows, drafts = self._found(rule)
        usable = []
        for row in rows:
            problem = unsound(row.candidate, row)
            if problem:
                drafts.append(draft(rule, row.slice, Outcome.ERROR, problem, n=row.candidate.n))
            else:
                assert isinstance(row.candidate, Estimate)
                usable.append(Measured(row.slice, row.candidate))
        return usable, drafts

    def compared(self, rule: Comparison) -> tuple[list[Compared], list[Decision]]:
        """Find the paired difference of a rule's metric on each of its slices.

        Returns:
            What can be judged, and a drafted decision for each slice that cannot, or one for all of them
            where there is no champion or it was not measured on the same samples.
        """
        refusal = self.no_comparison(rule, rule.slice)
        if refusal is not None:
            return [], [refusal]
        rows, drafts = self._found(rule)
        usable = []
        for row in rows:
            problem = incomparable(row)
            if problem:
                drafts.append(draft(rule, row.slice, Outcome.ERROR, problem, n=row.candidate.n))
            else:
                assert row.difference is not None
                assert row.baseline is not None
                n = min(row.candidate.n, row.baseline.n, row.difference.n)
                usable.append(Compared(row.slice, row.difference, n))
        return usable, drafts

    def no_comparison(self, rule: Rule, slice_: str) -> Decision | None:
        """Draft why there is nothing to compare with; None where there is."""
        if not self.has_champion:
            if self.policy.baseline.on_missing == "skip":
                reason = "there is no champion to compare with, and the policy skips comparisons then"
                return draft(rule, slice_, Outcome.SKIPPED, reason)
            reason = "there is no champion to compare with (baseline.on_missing: skip would allow that)"
            return draft(rule, slice_, Outcome.ERROR, reason)
        if self.header.get("same_samples") is not True:
            problems = self.header.get("sample_problems") or ("no reason was given",)
            reason = f"candidate and champion were not measured on the same samples: {'; '.join(problems)}"
            return draft(rule, slice_, Outcome.ERROR, reason)
        return None

    def _found(self, rule: OnMetric) -> tuple[list[SliceRow], list[Decision]]:
        stale = self.stale(rule.slice)
        if stale:
            return [], [draft(rule, rule.slice, Outcome.ERROR, stale)]
        sizes = self.sizes(rule.slice)
        if not sizes:
            return [], [self._absent(rule, rule.slice)]
        rows, drafts = [], []
        for name, size in sizes.items():
            row = self.row(rule.slice, name, rule.metric, rule.class_)
            if size == 0:
                drafts.append(self._absent(rule, name))
            elif row is None:
                reason = self.unmeasured(rule.metric, rule.class_)
                drafts.append(draft(rule, name, Outcome.ERROR, reason, n=size))
            else:
                rows.append(row)
        return rows, drafts

    def _absent(self, rule: OnMetric, name: str) -> Decision:
        on_missing = rule.on_missing_slice or self.policy.defaults.on_missing_slice
        what = "no labelled sample" if name == ALL else f"no labelled sample in {name!r}"
        if on_missing == "skip":
            return draft(rule, name, Outcome.SKIPPED, f"{what}, and the rule skips such slices", n=0)
        return draft(rule, name, Outcome.ERROR, f"{what} (on_missing_slice: skip would allow that)", n=0)

    def unmeasured(self, metric: str, class_: str | None) -> str:
        """Say why a metric is not in the report."""
        classes = [str(name) for name in self.header.get("classes", ())]
        if class_ is None:
            return f"{metric} was not measured"
        if class_ not in classes:
            known = ", ".join(classes[:12])
            return f"expected one of the classes {known}, got {class_!r}{did_you_mean(class_, classes)}"
        return f"{metric} of class {class_!r} was not measured on this slice"


def _natural(name: str) -> tuple[Any, ...]:
    """Order names as people do: ``site=2`` before ``site=10``."""
    parts = _NUMBER.split(name)
    return (tuple(float(part) if index % 2 else part for index, part in enumerate(parts)), name)

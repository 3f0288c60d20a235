"""What a policy is judged on, checked for gaps before any rule looks at it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from seatrial.gates.drafting import draft
from seatrial.gates.policy import Policy
from seatrial.gates.rules import Comparison, OnMetric, SliceRule
from seatrial.gates.soundness import incomparable, unsound
from seatrial.gates.verdict import Decision, Outcome
from seatrial.quality import QualityReport
from seatrial.slices import ALL, SliceReport, SliceRow, SliceSpec
from seatrial.spelling import did_you_mean
from seatrial.statistics import Difference, Estimate

__all__ = ["Compared", "Evidence", "Measured"]

_NUMBER = re.compile(r"((?<![\w.])-?\d+(?:\.\d+)?|\d+)")
_SAME = 1e-9

#: The column that groups samples where a policy names none.
_GROUP = "group"


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
    """A slice report and a quality report, arranged for the rules of one policy."""

    policy: Policy
    report: SliceReport
    quality: QualityReport | None
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
    def confidence(self) -> float:
        """Confidence of the intervals."""
        return 1.0 - self.policy.statistics.alpha

    @property
    def has_champion(self) -> bool:
        """Whether the candidate was measured against a champion."""
        return self.header.get("baseline") is not None

    def problems(self) -> list[str]:
        """Say why the slice report cannot be judged by this policy at all; empty where it can."""
        statistics = self.policy.statistics
        confidence, replicates = self.header.get("confidence"), self.header.get("replicates")
        found = []
        if not isinstance(confidence, float) or not abs(confidence - self.confidence) <= _SAME:
            found.append(
                f"the slices were measured at confidence {confidence}, the policy's alpha "
                f"{statistics.alpha:g} asks for {self.confidence:g}: measure them again with this policy"
            )
        if not isinstance(replicates, int) or replicates < statistics.replicates:
            found.append(
                f"the slices were measured with {replicates} bootstrap replicates, the policy asks for "
                f"{statistics.replicates}: measure them again with this policy"
            )
        if self.header.get("seed") != statistics.seed:
            found.append(
                f"the slices were measured with seed {self.header.get('seed')}, the policy asks for "
                f"{statistics.seed}: measure them again with this policy"
            )
        group, drawn = self.policy.dataset.group or _GROUP, self.header.get("group", _GROUP)
        if group != drawn:
            found.append(
                f"the slices were measured with samples grouped by {drawn!r}, the policy groups them by "
                f"{group!r}: measure them again with this policy"
            )
        if self._repeated:
            names = ", ".join(map(repr, sorted(self._repeated)[:5]))
            found.append(f"the slice report holds a metric more than once, on {names}")
        return found

    def sizes(self, rule: SliceRule) -> dict[str, int]:
        """Give the labelled samples of each slice of a rule's family, in the order of their names."""
        sizes = self._sizes.get(rule.slice, {})
        return {name: sizes[name] for name in sorted(sizes, key=_natural)}

    def stale(self, rule: SliceRule) -> str:
        """Say how a slice was measured otherwise than the policy now says; empty where it was not."""
        spec, fitted = self.policy.slices.get(rule.slice), self.report.slices
        if spec is None or fitted is None:
            return ""
        if rule.slice not in fitted:
            return f"{rule.slice!r} was not measured: measure the slices again with this policy"
        try:
            measured = SliceSpec.model_validate(fitted[rule.slice])
        except ValidationError:
            return f"the slice report's definition of {rule.slice!r} cannot be read: measure the slices again"
        then, now = _meaning(measured, spec), _meaning(spec, spec)
        differing = [key for key in now if now[key] != then[key]]
        if not differing:
            return self._incomplete(rule, spec)
        key = differing[0]
        return (
            f"{rule.slice!r} was measured with {key} {then[key]!r}, the policy says {now[key]!r}: "
            "measure the slices again with this policy"
        )

    def _incomplete(self, rule: SliceRule, spec: SliceSpec) -> str:
        """Say that slices are missing which measuring always gives; empty where none are."""
        sizes = self.sizes(rule)
        if spec.by is None and not sizes:
            return f"{rule.slice!r} is not in the slice report: measure the slices again"
        labelled = (self.header.get("dataset") or {}).get("labelled")
        if spec.where is not None or labelled is None or sum(sizes.values()) == labelled:
            return ""
        return (
            f"the slices of {rule.slice!r} hold {sum(sizes.values())} of {labelled} labelled samples: the "
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
        refusal = self._no_comparison(rule)
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

    def _no_comparison(self, rule: Comparison) -> Decision | None:
        if not self.has_champion:
            if self.policy.baseline.on_missing == "skip":
                reason = "there is no champion to compare with, and the policy skips comparisons then"
                return draft(rule, rule.slice, Outcome.SKIPPED, reason)
            reason = "there is no champion to compare with (baseline.on_missing: skip would allow that)"
            return draft(rule, rule.slice, Outcome.ERROR, reason)
        if self.header.get("same_samples") is not True:
            problems = self.header.get("sample_problems") or ("no reason was given",)
            reason = f"candidate and champion were not measured on the same samples: {'; '.join(problems)}"
            return draft(rule, rule.slice, Outcome.ERROR, reason)
        return None

    def _found(self, rule: OnMetric) -> tuple[list[SliceRow], list[Decision]]:
        stale = self.stale(rule)
        if stale:
            return [], [draft(rule, rule.slice, Outcome.ERROR, stale)]
        sizes = self.sizes(rule)
        if not sizes:
            return [], [self._absent(rule, rule.slice)]
        rows, drafts = [], []
        for name, size in sizes.items():
            row = self._rows.get((rule.slice, name, rule.metric, rule.class_))
            if size == 0:
                drafts.append(self._absent(rule, name))
            elif row is None:
                drafts.append(draft(rule, name, Outcome.ERROR, self._unmeasured(rule), n=size))
            else:
                rows.append(row)
        return rows, drafts

    def _absent(self, rule: OnMetric, name: str) -> Decision:
        on_missing = rule.on_missing_slice or self.policy.defaults.on_missing_slice
        what = "no labelled sample" if name == ALL else f"no labelled sample in {name!r}"
        if on_missing == "skip":
            return draft(rule, name, Outcome.SKIPPED, f"{what}, and the rule skips such slices", n=0)
        return draft(rule, name, Outcome.ERROR, f"{what} (on_missing_slice: skip would allow that)", n=0)

    def _unmeasured(self, rule: OnMetric) -> str:
        classes = [str(name) for name in self.header.get("classes", ())]
        if rule.class_ is None:
            return f"{rule.metric} was not measured"
        if rule.class_ not in classes:
            known = ", ".join(classes[:12])
            hint = did_you_mean(rule.class_, classes)
            return f"expected one of the classes {known}, got {rule.class_!r}{hint}"
        return f"{rule.metric} of class {rule.class_!r} was not measured on this slice"


def _natural(name: str) -> tuple[Any, ...]:
    """Order names as people do: ``site=2`` before ``site=10``."""
    parts = _NUMBER.split(name)
    return (tuple(float(part) if index % 2 else part for index, part in enumerate(parts)), name)


def _meaning(spec: SliceSpec, written: SliceSpec) -> dict[str, Any]:
    """Give what chooses the samples; edges count only where the policy writes them, else they are fitted."""
    by, wanted = spec.by or {}, written.by or {}
    pinned = {name for name, bins in wanted.items() if bins is not None and bins.edges is not None}
    return {
        "where": spec.where,
        "by": list(by),
        "bins of": [name for name, bins in by.items() if bins is not None],
        "edges": {name: list(bins.edges or ()) for name, bins in by.items() if bins and name in pinned},
        # ties leave fewer bins than were asked for, nothing gives more
        "bins": {
            name: max(bins.n, len(by[name].edges or ()) + 1)  # type: ignore[union-attr]
            for name, bins in wanted.items()
            if bins is not None and bins.n is not None and by.get(name) is not None
        },
    }

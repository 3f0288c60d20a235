"""What a report is made of, checked to belong together."""

from dataclasses import dataclass, field
from functools import cached_property

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.gates import Verdict
from seatrial.metrics import HEADLINES
from seatrial.quality import QualityReport
from seatrial.reporting.blind_spots import FoundGroups
from seatrial.reporting.outcomes import Outcomes, outcomes_of
from seatrial.slices import SliceReport, SliceRow

__all__ = ["ReportInputs"]


@dataclass(frozen=True)
class ReportInputs:
    """The results that one report shows.

    Attributes:
        candidate: The candidate's evaluation.
        slices: Every metric on every slice.
        verdict: The outcome of the policy.
        baseline: The champion's evaluation on the same samples; None where there is no champion.
        quality: What the data checks found; None where they were not run.
        found: Groups that fail and attributes that matter; None where they were not looked for.
        images: Most images to embed.
        image_bytes: Most bytes that the embedded images may take, as written in the file: a quarter for the
            cards, the rest for the small pictures behind cells and map.
        embedding_map: Whether to lay the samples out by their embeddings, where there are some.
    """

    candidate: EvaluationTable
    slices: SliceReport
    verdict: Verdict
    baseline: EvaluationTable | None = None
    quality: QualityReport | None = None
    found: FoundGroups | None = None
    images: int = 48
    image_bytes: int = 8_000_000
    embedding_map: bool = True
    _rows: dict[tuple[str, str, str | None], SliceRow] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check that the candidate, the champion and the slice report are of the same data set.

        Raises:
            InputError: They are not, or the budget is negative.
        """
        if min(self.images, self.image_bytes) < 0:
            raise InputError(
                f"expected an image budget of at least 0, got {self.images} images, {self.image_bytes} bytes"
            )
        expected = self.candidate.header.dataset_digest
        measured = self.slices.header.get("dataset", {}).get("digest")
        if measured not in (None, expected):
            raise InputError(
                f"the slice report is of data set {measured}, the evaluation of {expected}: "
                "expected a slice report that was measured on this evaluation"
            )
        if self.baseline is not None and self.baseline.header.dataset_digest != expected:
            raise InputError(
                f"the baseline was evaluated on data set {self.baseline.header.dataset_digest}, "
                f"the candidate on {expected}: expected the same data set"
            )
        if self.found is not None and self.found.report["dataset"].get("digest") != expected:
            raise InputError(
                f"the blind spots are of data set {self.found.report['dataset'].get('digest')}, the "
                f"evaluation of {expected}: expected what find-blind-spots found in this evaluation"
            )
        self._rows.update({(row.slice, row.metric, row.class_): row for row in self.slices.rows})

    def find(self, slice_: str, metric: str | None, class_: str | None = None) -> SliceRow | None:
        """Find one measured row in constant time; None where it was not measured."""
        return None if metric is None else self._rows.get((slice_, metric, class_))

    @property
    def confidence(self) -> float:
        """Confidence level of the intervals."""
        return float(self.slices.header.get("confidence", 0.95))

    @cached_property
    def ids(self) -> list[str]:
        """Sample ids of the candidate's evaluation, row for row."""
        ids: list[str] = self.candidate.samples.column("id").to_pylist()
        return ids

    @cached_property
    def outcomes(self) -> Outcomes:
        """What the candidate made of each image."""
        return outcomes_of(self.candidate, self.slices.header)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured metrics, in the slice report's order."""
        return tuple(dict.fromkeys(row.metric for row in self.slices.rows))

    @cached_property
    def has_champion(self) -> bool:
        """Whether any slice was compared with a champion."""
        return any(row.baseline is not None for row in self.slices.rows)

    @cached_property
    def headline_metric(self) -> str:
        """The metric to show first: of the first blocking decision, else of the policy, else the task's."""
        decisions = self.verdict.decisions
        judged = [one.metric for one in (*self.verdict.blocking(), *decisions) if one.metric in self.metrics]
        usual = HEADLINES.get(str(self.slices.header.get("task")), "accuracy")
        first = usual if usual in self.metrics else next(iter(self.metrics), usual)
        return judged[0] or first if judged else first

"""What a report is made of, checked to belong together."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.gates import Verdict
from seatrial.metrics import HEADLINES
from seatrial.mining import Failures
from seatrial.quality import QualityReport
from seatrial.reporting.blind_spots import FoundGroups
from seatrial.reporting.labelling_batch import FoundBatch
from seatrial.reporting.outcomes import Outcomes, outcomes_of
from seatrial.reporting.saliency import FoundSaliency
from seatrial.slices import MeasureOptions, SliceReport, SliceRow

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
        batch: What to label next; None where it was not mined for.
        saliency: Where the candidate looked; None where it was not explained.
        pages: Where the quality report's own pages are, relative to the report; None where they are not
            below its folder.
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
    batch: FoundBatch | None = None
    saliency: FoundSaliency | None = None
    pages: str | None = None
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
        self._check_found(expected)
        self._rows.update({(row.slice, row.metric, row.class_): row for row in self.slices.rows})

    def _check_found(self, expected: str) -> None:
        """Check that what was found of a candidate was found of this one, in this data set."""
        header = self.candidate.header
        told: dict[str, tuple[Any, Any]] = {}
        if self.found is not None:
            told["blind spots"] = (self.found.report["dataset"].get("digest"), None)
        if self.batch is not None:
            mined = self.batch.report["evaluation"]
            told["edge cases"] = (mined.get("dataset_digest"), mined.get("model_digest"))
        if self.saliency is not None:
            looked = self.saliency.explanations.header
            told["explanations"] = (looked.get("dataset_digest"), looked.get("model_digest"))
        for what, (dataset, model) in told.items():
            if dataset != expected:
                raise InputError(
                    f"the {what} are of data set {dataset}, the evaluation of {expected}: expected what was "
                    "found in this evaluation"
                )
            if model and header.model_digest and model != header.model_digest:
                raise InputError(
                    f"the {what} are of model {model}, the evaluation of {header.model_digest}: expected "
                    "what was found of the candidate"
                )

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
    def champion_outcomes(self) -> Outcomes | None:
        """What the champion made of each image of its own evaluation; None where there is none."""
        return None if self.baseline is None else outcomes_of(self.baseline, self.slices.header)

    @cached_property
    def failures(self) -> Failures:
        """What the candidate can fail at, and where it does, at the slice report's operating point."""
        options = replace(MeasureOptions(), **self.slices.header.get("detection", {}))
        return Failures.from_evaluation(self.candidate, options=options)

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

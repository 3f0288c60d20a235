"""What a data check is: a function from a measured data set to findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from seatrial.evaluation import EvaluationTable
from seatrial.quality.finding import Finding
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.options import CheckOptions
from seatrial.quality.training_dynamics import TrainingDynamics

__all__ = ["Check", "CheckInput", "Found", "NotApplicableError"]


class NotApplicableError(Exception):
    """A check has nothing to work on; the message is the reason why it is skipped."""


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Everything that a check may look at.

    Attributes:
        data: The data set that is checked.
        reference: What it is held against, usually the training data; None where none was given.
        options: Thresholds.
        pages: Folder that exists; a check may write pages for people into it.
        suite: The user's Great Expectations suite; None where the proposed one is meant.
        evaluation: What a model did on the data set; None where no evaluation was given.
        in_sample: The evaluated model was trained on these samples and labels: it may know them by heart.
        dynamics: How that training came to the labels; None where it was not watched.
        splits: What was noticed of the data set and the reference as such, while they were read.
        reference_evaluation: What the same model did on the reference; None where that was not given.
    """

    data: MeasuredDataset
    reference: MeasuredDataset | None
    options: CheckOptions
    pages: Path
    suite: Mapping[str, Any] | None = None
    evaluation: EvaluationTable | None = None
    in_sample: bool = False
    dynamics: TrainingDynamics | None = None
    splits: tuple[Finding, ...] = ()
    reference_evaluation: EvaluationTable | None = None

    def needs_images(self) -> MeasuredDataset:
        """Give the data set, or skip the check where there are no images.

        Raises:
            NotApplicableError: No row has an image.
        """
        if not self.data.has_images:
            raise NotApplicableError("the data set has no images, only a table")
        return self.data

    def needs_reference(self) -> MeasuredDataset:
        """Give the reference, or skip the check.

        Raises:
            NotApplicableError: No reference was given.
        """
        if self.reference is None:
            raise NotApplicableError("no reference data set was given")
        return self.reference

    def needs_evaluation(self) -> EvaluationTable:
        """Give what a model did on the data set, or skip the check.

        Raises:
            NotApplicableError: No evaluation was given.
        """
        if self.evaluation is None:
            raise NotApplicableError("no evaluation of the data set was given")
        return self.evaluation


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found.

    Attributes:
        findings: The findings, in any order.
        pages: Pages for people, by title, as paths relative to the pages' folder.
    """

    findings: tuple[Finding, ...]
    pages: Mapping[str, str] = field(default_factory=dict)


class Check(Protocol):
    """A data check; other distributions add theirs in the entry-point group ``seatrial.checks``.

    A check is deterministic: the same input gives the same findings.
    """

    def __call__(self, given: CheckInput, /) -> Found:
        """Look at the data.

        Raises:
            NotApplicableError: There is nothing to look at; the check is reported as skipped.
        """
        ...

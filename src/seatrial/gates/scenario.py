"""Scenarios: frozen sample sets with an expectation, kept in a file beside the policy."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from seatrial.files import read_text
from seatrial.gates.calendar_day import calendar_day
from seatrial.gates.document import Document
from seatrial.gates.rules import ClassName, MetricName, Number
from seatrial.slices import FrozenIds, SliceSpec
from seatrial.statistics import Estimate

__all__ = ["FAMILY", "Expectation", "Scenario", "ScenarioSuite", "family_of"]

#: What the names of scenarios begin with where they are slices.
FAMILY = "scenario:"


def family_of(name: str) -> str:
    """Give the name that a scenario has as a slice."""
    return FAMILY + name


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Part):
    """What solves a scenario: a metric on its samples on one side of a value.

    The list is all there is of the scenario, not a draw from something larger: the value is judged as it is,
    without an interval.

    Attributes:
        metric: Metric on the frozen samples.
        class_: Class whose own metric it is; None for the overall one.
        min: Least value; None where ``max`` is given.
        max: Greatest value; None where ``min`` is given.
    """

    metric: MetricName = Field(description="Metric on the frozen samples.")
    class_: ClassName | None = Field(None, alias="class", description="Class whose own metric is meant.")
    min: Number | None = Field(None, description="Least value that solves it.")
    max: Number | None = Field(None, description="Greatest value that solves it.")

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.min is None) == (self.max is None):
            both = "both" if self.min is not None else "neither"
            raise ValueError(f"expected either min or max, got {both}")
        return self

    @property
    def limit(self) -> float:
        """The value that it is held against."""
        bound = self.min if self.min is not None else self.max
        assert bound is not None
        return bound

    def __str__(self) -> str:
        name = self.metric if self.class_ is None else f"{self.metric} of {self.class_!r}"
        return f"{name} {'≥' if self.min is not None else '≤'} {self.limit:g}"

    def solved_by(self, measured: Estimate) -> bool:
        """Whether a measurement meets the expectation."""
        return measured.value >= self.limit if self.min is not None else measured.value <= self.limit


class Scenario(_Part):
    """A frozen set of samples and what a model has to make of them.

    Attributes:
        because: Why it was frozen, e.g. the incident.
        added: The day; None where it is not known.
        expect: What solves it.
        samples: Ids, each with the digest of its content where that is known.
    """

    because: str = Field(pattern=r"\S", description="Why it was frozen, e.g. the incident.")
    added: Annotated[date, BeforeValidator(calendar_day)] | None = Field(
        None, description="Day on which it was frozen."
    )
    expect: Expectation = Field(description="What solves it.")
    samples: FrozenIds = Field(
        description="Sample ids: a list, or a mapping of each to the digest of its content."
    )

    @model_validator(mode="after")
    def _holds_samples(self) -> Self:
        if not self.samples:
            raise ValueError("expected at least one sample, got none")
        return self

    @property
    def spec(self) -> SliceSpec:
        """The scenario as a slice."""
        return SliceSpec(ids=self.samples)


class ScenarioSuite(_Part):
    """A file of scenarios.

    Attributes:
        api_version: Version of the file's format.
        scenarios: By name.
    """

    api_version: Literal["seatrial/v1"] = Field(alias="apiVersion", description="Format of this file.")
    scenarios: dict[str, Scenario] = Field({}, description="Frozen sample sets, by name.")

    @classmethod
    def load(cls, path: Path) -> tuple[Self, Document]:
        """Read a file of scenarios.

        Returns:
            The suite, and the document that says where each part of it is written.

        Raises:
            InputError: The file cannot be read.
            PolicyError: It is no valid suite; the message names file, line, column and key.
        """
        return cls.parse(read_text(path, "scenarios"), str(path))

    @classmethod
    def parse(cls, text: str, source: str) -> tuple[Self, Document]:
        """Read scenarios from text.

        Raises:
            PolicyError: It is no valid suite; the message names source, line, column and key.
        """
        from seatrial.gates.problems import problems_of

        document = Document.parse(text, source)
        try:
            return cls.model_validate({} if document.value is None else document.value), document
        except ValidationError as error:
            raise document.error(problems_of(error, document, cls)) from error

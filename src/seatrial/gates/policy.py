"""A policy: what a candidate must show before it is promoted, written in YAML."""

from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from seatrial.digests import digest_json
from seatrial.files import read_text
from seatrial.gates.document import Document
from seatrial.gates.rules import Number, Rule, Severity, SliceRule, Whole
from seatrial.slices import SliceSpec

__all__ = ["Baseline", "Dataset", "Defaults", "Policy", "Statistics", "Waiver"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dataset(_Section):
    """What is known of the data set that is judged."""

    group: str | None = Field(
        None, min_length=1, description="Column whose samples belong together and are resampled together."
    )


class Baseline(_Section):
    """The champion that the candidate is compared with."""

    alias: str = Field("champion", pattern=r"^[\w-]+$", description="Registry alias of the champion.")
    on_missing: Literal["skip", "error"] = Field(
        "error", description="What comparison rules are where there is no champion: skipped, or an error."
    )


class Statistics(_Section):
    """How intervals and tests are made."""

    alpha: Annotated[Number, Field(gt=0, lt=0.5)] = Field(
        0.05, description="Level of the tests; intervals have the confidence 1 − alpha."
    )
    replicates: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(1000, description="Bootstrap replicates.")
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(7, description="Seed of the bootstrap.")

    @model_validator(mode="after")
    def _enough_replicates(self) -> Self:
        # with fewer, an interval ends at its most extreme replicates
        if (self.replicates + 1) * self.alpha < 1:
            needed = next(r for r in range(self.replicates, 10**7) if (r + 1) * self.alpha >= 1)
            raise ValueError(
                f"expected at least {needed} replicates for alpha {self.alpha:g}, got {self.replicates}"
            )
        return self


class Defaults(_Section):
    """What a rule goes by where it does not say so itself."""

    min_n: Annotated[Whole, Field(ge=1)] = Field(30, description="Fewest samples to judge a slice by.")
    on_inconclusive: Severity = Field("block", description="Whether an inconclusive decision blocks.")
    on_missing_slice: Literal["error", "skip"] = Field(
        "error", description="What a slice without samples is."
    )


def _calendar_day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError("expected a date such as 2026-12-31") from error
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("expected a date such as 2026-12-31")  # noqa: TRY004 - pydantic reports ValueError
    return value


class Waiver(_Section):
    """Somebody answers for a failure, for a time.

    Attributes:
        expires: First day on which it no longer applies.
    """

    rule: str = Field(description="Id of the rule.")
    slice: str | None = Field(None, description="Name of the slice, e.g. site=B7.")
    owner: str = Field(pattern=r"\S", description="Who answers for it.")
    reason: str = Field(pattern=r"\S", description="Why it is waived.")
    expires: Annotated[date, BeforeValidator(_calendar_day)] = Field(
        description="First day on which it no longer applies."
    )

    def applies(self, today: date) -> bool:
        """Whether it applies on a day: up to the day before it expires."""
        return today < self.expires


class Policy(_Section):
    """What a candidate must show before it is promoted.

    Attributes:
        api_version: Version of the policy's format.
        dataset: What is known of the data set.
        baseline: The champion.
        statistics: How intervals and tests are made.
        defaults: What rules go by where they do not say so themselves.
        slices: Ways to choose samples, by name.
        rules: What is judged, in order.
        waivers: Failures that somebody answers for.
    """

    api_version: Literal["seatrial/v1"] = Field(alias="apiVersion", description="Format of this file.")
    dataset: Dataset = Dataset()
    baseline: Baseline = Baseline()
    statistics: Statistics = Statistics()
    defaults: Defaults = Defaults()
    slices: dict[str, SliceSpec] = Field({}, description="Ways to choose samples, by name.")
    rules: tuple[Rule, ...] = Field((), description="What is judged, in order.")
    waivers: tuple[Waiver, ...] = Field((), description="Failures that somebody answers for.")

    @classmethod
    def load(cls, path: Path) -> "Policy":
        """Read a policy file.

        Raises:
            InputError: The file cannot be read.
            PolicyError: It is not a valid policy; the message names file, line, column and key.
        """
        return cls.parse(read_text(path, "policy"), str(path))

    @classmethod
    def parse(cls, text: str, source: str) -> "Policy":
        """Read a policy from text.

        Args:
            text: The YAML.
            source: Where it comes from, for messages.

        Raises:
            PolicyError: It is not a valid policy; the message names source, line, column and key.
        """
        return cls.of(Document.parse(text, source))

    @classmethod
    def of(cls, document: Document) -> "Policy":
        """Read a policy from a parsed YAML file.

        Raises:
            PolicyError: It is not a valid policy; the message names source, line, column and key.
        """
        from seatrial.gates.references import broken_references
        from seatrial.gates.validation import problems_of

        value = document.value
        if isinstance(value, dict):
            # a section whose every line is commented out is null in YAML
            value = {key: section for key, section in value.items() if section is not None}
        try:
            policy = cls.model_validate({} if value is None else value)
        except ValidationError as error:
            raise document.error(problems_of(error, document)) from error
        problems = broken_references(policy, document)
        if problems:
            raise document.error(problems)
        return policy

    @cached_property
    def digest(self) -> str:
        """Digest of what the policy says; comments, order of keys and spelled-out defaults change nothing."""
        return digest_json(self.model_dump(mode="json", by_alias=True))

    def min_n(self, rule: SliceRule) -> int:
        """Fewest samples that a rule judges by: its own number, that of its slices, or the default."""
        spec = self.slices.get(rule.slice)
        own = rule.min_n or (spec.min_n if spec is not None else None)
        return own or self.defaults.min_n

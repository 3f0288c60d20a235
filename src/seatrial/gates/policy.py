"""A policy: what a candidate must show before it is promoted, written in YAML."""

import math
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from seatrial.datasets import Task
from seatrial.digests import digest_json
from seatrial.gates.calendar_day import calendar_day
from seatrial.gates.rules import Number, Rule, Severity, SliceRule, Whole
from seatrial.gates.scenario import Scenario, family_of
from seatrial.slices import SliceSpec
from seatrial.statistics import alpha_spent

__all__ = ["Baseline", "Dataset", "Defaults", "Detection", "Policy", "Statistics", "Waiver"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dataset(_Section):
    """What is known of the data set that is judged."""

    group: str | None = Field(
        None, min_length=1, description="Column whose samples belong together and are resampled together."
    )
    max_uses: Annotated[Whole, Field(ge=1, le=1000)] | None = Field(
        None, description="Most uses of one data set; the k-th is judged at the level 6 alpha / (pi k)^2."
    )


class Baseline(_Section):
    """The champion that the candidate is compared with."""

    alias: str = Field("champion", pattern=r"^[\w-]+$", description="Registry alias of the champion.")
    on_missing: Literal["skip", "error"] = Field(
        "error", description="What comparison rules are where there is no champion: skipped, or an error."
    )


class Detection(_Section):
    """The operating point of a detector: what counts as a prediction, and as a hit."""

    score: Annotated[Number, Field(ge=0, le=1)] = Field(
        0.5, description="Least score of a prediction; metrics over all scores do not go by it."
    )
    iou: Annotated[Number, Field(gt=0, le=1)] = Field(
        0.5, description="Least overlap of a prediction with the object that it finds."
    )
    geometry: Literal["box", "mask"] = Field("box", description="Whether boxes or masks overlap.")


class Statistics(_Section):
    """How intervals and tests are made."""

    alpha: Annotated[Number, Field(gt=0, lt=0.5)] = Field(
        0.05, description="Level of the tests; intervals have the confidence 1 − alpha."
    )
    replicates: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(1000, description="Bootstrap replicates.")
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(7, description="Seed of the bootstrap.")

    @model_validator(mode="after")
    def _enough_replicates(self) -> Self:
        needed = self.replicates_at(self.alpha)
        if self.replicates < needed:
            raise ValueError(
                f"expected at least {needed} replicates for alpha {self.alpha:g}, got {self.replicates}"
            )
        return self

    def replicates_at(self, alpha: float) -> int:
        """Give how many replicates are drawn for a level: 1/alpha − 1 at least, and no fewer than asked for.

        The standard error of few replicates is noisy itself, which matters the more the smaller the level.
        """
        needed = math.ceil(1 / alpha) - 1
        # 1/alpha may have lost its last bit
        needed += (needed + 1) * alpha < 1
        return max(self.replicates, needed)


class Defaults(_Section):
    """What a rule goes by where it does not say so itself."""

    min_n: Annotated[Whole, Field(ge=1)] = Field(30, description="Fewest samples to judge a slice by.")
    on_inconclusive: Severity = Field("block", description="Whether an inconclusive decision blocks.")
    on_missing_slice: Literal["error", "skip"] = Field(
        "error", description="What a slice without samples is."
    )


class Waiver(_Section):
    """Somebody answers for a failure, for a time.

    Attributes:
        expires: First day on which it no longer applies.
    """

    rule: str = Field(description="Id of the rule.")
    slice: str | None = Field(None, description="Name of the slice, e.g. site=B7.")
    owner: str = Field(pattern=r"\S", description="Who answers for it.")
    reason: str = Field(pattern=r"\S", description="Why it is waived.")
    expires: Annotated[date, BeforeValidator(calendar_day)] = Field(
        description="First day on which it no longer applies."
    )

    def applies(self, today: date) -> bool:
        """Whether it applies on a day: up to the day before it expires."""
        return today < self.expires


class Policy(_Section):
    """What a candidate must show before it is promoted.

    Attributes:
        api_version: Version of the policy's format.
        task: The task that it judges; None where its metrics alone say so.
        dataset: What is known of the data set.
        baseline: The champion.
        statistics: How intervals and tests are made.
        detection: The operating point of a detector.
        defaults: What rules go by where they do not say so themselves.
        slices: Ways to choose samples, by name.
        scenarios: Frozen sample sets, by name.
        rules: What is judged, in order.
        waivers: Failures that somebody answers for.
    """

    api_version: Literal["seatrial/v1"] = Field(alias="apiVersion", description="Format of this file.")
    task: Task | None = Field(None, description="The task that is judged.")
    dataset: Dataset = Dataset()
    baseline: Baseline = Baseline()
    statistics: Statistics = Statistics()
    detection: Detection = Detection()
    defaults: Defaults = Defaults()
    slices: dict[str, SliceSpec] = Field({}, description="Ways to choose samples, by name.")
    scenarios: dict[str, Scenario] = Field(
        {}, description="Frozen sample sets, by name, or the path of the file that holds them."
    )
    rules: tuple[Rule, ...] = Field((), description="What is judged, in order.")
    waivers: tuple[Waiver, ...] = Field((), description="Failures that somebody answers for.")

    @classmethod
    def load(cls, path: Path) -> "Policy":
        """Read a policy file, with what it includes.

        Raises:
            InputError: A file cannot be read.
            PolicyError: It is not a valid policy; the message names file, line, column and key.
        """
        from seatrial.gates.composition import read_policy

        return read_policy(path)[0]

    @classmethod
    def parse(cls, text: str, source: str) -> "Policy":
        """Read a policy from text; it cannot name other files.

        Args:
            text: The YAML.
            source: Where it comes from, for messages.

        Raises:
            PolicyError: It is not a valid policy; the message names source, line, column and key.
        """
        from seatrial.gates.composition import parse_policy

        return parse_policy(text, source)[0]

    @cached_property
    def digest(self) -> str:
        """Digest of what the policy says, whichever files say it.

        Comments, the order of keys and spelled-out defaults change nothing.
        """
        return digest_json(self.model_dump(mode="json", by_alias=True))

    @cached_property
    def question(self) -> str:
        """Digest of what the policy asks of the data: all but its waivers."""
        return digest_json(self.model_dump(mode="json", by_alias=True, exclude={"waivers"}))

    @cached_property
    def specs(self) -> dict[str, SliceSpec]:
        """What is measured, by family: the slices, then the scenarios."""
        return self.slices | {family_of(name): one.spec for name, one in self.scenarios.items()}

    def alpha_of(self, use: int) -> float:
        """Level at which a use of the data set is judged.

        Args:
            use: Which use it is, from 1.
        """
        alpha = self.statistics.alpha
        return alpha if self.dataset.max_uses is None else alpha_spent(alpha, use)

    def to_yaml(self) -> str:
        """Write the policy as one file that needs no other: what it includes is part of it."""
        fields = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        fields["slices"] = {name: spec.to_policy() for name, spec in self.slices.items()}
        kept = {key: value for key, value in fields.items() if value}
        return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=_WIDTH)

    def min_n(self, rule: SliceRule) -> int:
        """Fewest samples that a rule judges by: its own number, that of its slices, or the default."""
        spec = self.slices.get(rule.slice)
        own = rule.min_n or (spec.min_n if spec is not None else None)
        return own or self.defaults.min_n


_WIDTH = 110

"""The rules that a policy can hold, one model for each type."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import WithJsonSchema

from seatrial.metrics import METRICS
from seatrial.slices import ALL
from seatrial.spelling import one_of

__all__ = [
    "RULES",
    "ClassName",
    "Comparison",
    "Coverage",
    "Data",
    "Gap",
    "Improve",
    "Max",
    "MetricName",
    "MetricRule",
    "Min",
    "NoRegression",
    "NonInferior",
    "Number",
    "OnMetric",
    "Rule",
    "Scenarios",
    "Severity",
    "SliceRule",
    "Whole",
]

Severity = Literal["block", "warn"]


def _metric_name(name: str) -> str:
    if name not in METRICS:
        raise ValueError(one_of(name, METRICS, "a metric"))
    return name


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 - pydantic reports ValueError with its place
    return value


#: A finite number; YAML's ``true`` is none.
Number = Annotated[float, BeforeValidator(_no_boolean), Field(allow_inf_nan=False)]
#: A whole number; YAML's ``true`` is none.
Whole = Annotated[int, BeforeValidator(_no_boolean)]
_Count = Annotated[Whole, Field(ge=0)]
_Samples = Annotated[Whole, Field(ge=1)]
_Share = Annotated[Number, Field(ge=0, le=1)]
_Distance = Annotated[Number, Field(ge=0)]
_Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f](.*[^\s\x00-\x1f])?$")]
#: The name of a metric of any task.
MetricName = Annotated[
    str, AfterValidator(_metric_name), WithJsonSchema({"type": "string", "enum": sorted(METRICS)})
]
#: A class whose own metric is judged.
ClassName = Annotated[str, Field(min_length=1)]
_Use = Literal["lcb", "point"]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Name = Field(description="Unique name of the rule; decisions, waivers and reports use it.")
    severity: Severity = Field("block", description="block decides the verdict, warn is only reported.")


class SliceRule(_Rule):
    """A rule that is judged on slices.

    Attributes:
        slice: ``all``, or an entry of ``slices``: every slice of it is judged.
        min_n: Fewest samples to judge by; the slice's own or the policy's default where None.
    """

    slice: str = Field(ALL, description="all, or an entry of slices: every slice of it is judged.")
    min_n: _Samples | None = Field(None, description="Fewest samples to judge a slice by.")


class MetricRule(SliceRule):
    """A rule on a metric.

    Attributes:
        metric: Name of the metric.
        class_: Class whose own metric is judged; None for the overall (macro-averaged) one.
        on_inconclusive: Whether an inconclusive decision blocks; the policy's default where None.
        on_missing_slice: Whether a slice without samples is an error; the policy's default where None.
    """

    metric: MetricName = Field(description="Metric that is judged.")
    class_: ClassName | None = Field(None, alias="class", description="Class whose own metric is judged.")
    on_inconclusive: Severity | None = Field(
        None, description="block: an inconclusive decision keeps the verdict from passing; warn: reported."
    )
    on_missing_slice: Literal["error", "skip"] | None = Field(
        None, description="What a slice without samples is."
    )


class Min(MetricRule):
    """The metric is at least a value."""

    type: Literal["min"]
    value: Number = Field(description="Least value.")
    use: _Use = Field("lcb", description="lcb: the interval's lower bound must reach it; point: the value.")


class Max(MetricRule):
    """The metric is at most a value."""

    type: Literal["max"]
    value: Number = Field(description="Greatest value.")
    use: _Use = Field("lcb", description="lcb: the interval's upper bound must stay under; point: the value.")


class NoRegression(MetricRule):
    """No slice is proven worse than the champion."""

    type: Literal["no_regression"]
    correction: Literal["holm", "benjamini_hochberg", "none"] = Field(
        "holm", description="How p-values are adjusted for the number of slices tested."
    )


class NonInferior(MetricRule):
    """The candidate is proven to be no worse than the champion by the margin or more."""

    type: Literal["non_inferior"]
    margin: Annotated[Number, Field(gt=0)] = Field(description="Loss that is still accepted, above 0.")


class Improve(MetricRule):
    """The candidate is proven to be better than the champion by more than a gain."""

    type: Literal["improve"]
    gain: _Distance = Field(0.0, description="Gain that must be exceeded.")


class Gap(MetricRule):
    """The metric's best and worst slice of a family lie close together."""

    type: Literal["gap"]
    max: _Distance = Field(description="Greatest difference between the family's highest and lowest slice.")
    use: _Use = Field("lcb", description="lcb: a conservative bound on the gap is judged; point: the gap.")


class Coverage(SliceRule):
    """Each slice holds enough labelled samples: ``min_n``, or the default that the other rules go by."""

    type: Literal["coverage"]


class Data(_Rule):
    """A data check found little enough."""

    type: Literal["data"]
    check: _Name = Field(description="Name of the data check.")
    max_count: _Count | None = Field(None, description="Most findings.")
    max_share: _Share | None = Field(None, description="Greatest share of samples with findings, 0 to 1.")

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.max_count is None) == (self.max_share is None):
            both = "both" if self.max_count is not None else "neither"
            raise ValueError(f"expected either max_count or max_share, got {both}")
        return self


class Scenarios(_Rule):
    """Frozen scenarios are solved: those that the champion solves, or all of them."""

    type: Literal["scenario"]
    require: Literal["kept", "all"] = Field(
        "kept", description="kept: what the champion solves stays solved; all: every scenario is solved."
    )
    scenarios: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="Names of the scenarios; all of the policy's where left out."
    )


Comparison = NoRegression | NonInferior | Improve

#: A rule on a metric, of any type.
OnMetric = Min | Max | Comparison | Gap

Rule = Annotated[
    Min | Max | NoRegression | NonInferior | Improve | Gap | Coverage | Data | Scenarios,
    Field(discriminator="type"),
]

#: Rule models by type.
RULES: Mapping[str, type[_Rule]] = {
    "min": Min,
    "max": Max,
    "no_regression": NoRegression,
    "non_inferior": NonInferior,
    "improve": Improve,
    "gap": Gap,
    "coverage": Coverage,
    "data": Data,
    "scenario": Scenarios,
}

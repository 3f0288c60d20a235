"""Great Expectations, run in memory: no project folder, no network, no analytics."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from seatrial.errors import InputError, MissingExtraError
from seatrial.quality.quiet import quiet

__all__ = ["Outcome", "check_suite", "outcomes", "render", "validate"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one expectation ended.

    Attributes:
        success: Whether the data meets it.
        type: E.g. ``expect_column_values_to_be_unique``.
        kwargs: Its arguments.
        severity: ``critical``, ``warning`` or ``info``.
        column: Column it is about; None for the whole table or several columns.
        unexpected: How many values break it; None where it does not judge single values.
        rows: Rows of those values.
        examples: Some of those values.
        observed: What a judgement of the whole column or table saw; None otherwise.
        missing: Values that should occur and do not.
        problem: Why it could not be evaluated; empty where it could.
    """

    success: bool
    type: str
    kwargs: dict[str, Any]
    severity: str
    column: str | None
    unexpected: int | None
    rows: tuple[int, ...]
    examples: tuple[Any, ...]
    observed: Any
    missing: tuple[Any, ...]
    problem: str


def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it narrates its inner workings
    try:
        with quiet():
            import great_expectations
    except ImportError as error:
        raise MissingExtraError("great_expectations", "quality") from error
    return great_expectations


def check_suite(suite: Mapping[str, Any], source: object) -> None:
    """Build every expectation of a suite once.

    Raises:
        InputError: An expectation is unknown or its arguments are not valid; names its place.
        MissingExtraError: Great Expectations is not installed.
    """
    _library()
    for place, one in enumerate(suite["expectations"], start=1):
        try:
            _built(one)
        except Exception as error:  # Great Expectations raises several unrelated types here
            reason = " ".join(str(error).split())
            raise InputError(f"{source}, expectation {place} ({one['type']}): {reason}") from error


def _built(one: Mapping[str, Any]) -> Any:
    with quiet():
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        configuration = ExpectationConfiguration(
            type=one["type"], kwargs=one["kwargs"], meta=one["meta"], severity=one["severity"]
        )
        return configuration.to_domain_obj()


def validate(suite: Mapping[str, Any], table: pa.Table) -> Any:
    """Hold a table against a suite.

    Returns:
        Great Expectations' validation result, with complete results by row.

    Raises:
        MissingExtraError: Great Expectations is not installed.
    """
    gx = _library()
    with quiet():
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(enable=False)
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("seatrial").add_dataframe_asset("dataset")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(
            {"dataframe": table.to_pandas()}
        )
        expectations = [_built(one) for one in suite["expectations"]]
        built = gx.ExpectationSuite(name=suite["name"], expectations=expectations)
        return batch.validate(built, result_format={"result_format": "COMPLETE"})


def outcomes(result: Any) -> list[Outcome]:
    """Read what :func:`validate` gave, one outcome an expectation, in the order of Great Expectations."""
    return [_outcome(one.to_json_dict()) for one in result.results]


def _outcome(body: Mapping[str, Any]) -> Outcome:
    configuration, result = body["expectation_config"], body["result"]
    kwargs = {key: value for key, value in configuration["kwargs"].items() if key != "batch_id"}
    return Outcome(
        success=bool(body["success"]),
        type=configuration["type"],
        kwargs=kwargs,
        severity=configuration["severity"],
        column=kwargs.get("column"),
        unexpected=result.get("unexpected_count"),
        rows=tuple(int(row) for row in result.get("unexpected_index_list") or ()),
        examples=tuple(result.get("partial_unexpected_list") or ()),
        observed=result.get("observed_value"),
        missing=tuple(result.get("partial_missing_list") or ()),
        problem=_problem(body["exception_info"]),
    )


def _problem(info: Mapping[str, Any]) -> str:
    # either one exception, or one for each metric that the expectation is computed from
    several = [one for one in info.values() if isinstance(one, Mapping)] or [info]
    messages = {str(one["exception_message"]) for one in several if one.get("raised_exception")}
    return "; ".join(sorted(messages))


def render(result: Any) -> str:
    """Render Great Expectations' own page (Data Docs) of a validation result."""
    with quiet():
        from great_expectations.render.renderer import ValidationResultsPageRenderer
        from great_expectations.render.view import DefaultJinjaPageView

        # the time of loading and a fingerprint that depends on it would make every page another one
        result.meta.pop("batch_markers", None)
        page: str = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    return page

"""Evidently, run quietly: no telemetry, no warnings about its own dependencies."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from seatrial.errors import MissingExtraError
from seatrial.quality.offline_page import offline_page
from seatrial.quality.quiet import quiet

__all__ = ["DriftTest", "ValueDrift", "measure_drift"]


@dataclass(frozen=True, slots=True)
class DriftTest:
    """How a column is tested.

    Attributes:
        method: Evidently's name of the method, e.g. ``"ks"``.
        threshold: Below it (p-values) or from it on (distances) the column has drifted.
        numeric: Whether the column holds numbers.
    """

    method: str
    threshold: float
    numeric: bool

    @property
    def is_p_value(self) -> bool:
        """Whether a lower score means more drift."""
        return self.method == "ks"


@dataclass(frozen=True, slots=True)
class ValueDrift:
    """What Evidently said of a column.

    Attributes:
        column: The column.
        score: p-value or distance.
        test: How it was tested.
    """

    column: str
    score: float
    test: DriftTest

    @property
    def drifted(self) -> bool:
        """Whether the score is beyond the threshold."""
        return self.score < self.test.threshold if self.test.is_p_value else self.score >= self.test.threshold


def measure_drift(
    data: pa.Table, reference: pa.Table, tests: Mapping[str, DriftTest]
) -> tuple[list[ValueDrift], str]:
    """Compare columns of two tables.

    Args:
        data: The table that may have drifted.
        reference: What it is held against.
        tests: How to test each column, by name.

    Returns:
        One result a column, in the order of ``tests``, and Evidently's page, self-contained.

    Raises:
        MissingExtraError: Evidently is not installed.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    with quiet():
        try:
            import evidently
            from evidently.presets import DataDriftPreset
        except ImportError as error:
            raise MissingExtraError("evidently", "quality") from error
        definition = evidently.DataDefinition(
            numerical_columns=[name for name, test in tests.items() if test.numeric],
            categorical_columns=[name for name, test in tests.items() if not test.numeric],
        )
        preset = DataDriftPreset(
            columns=list(tests),
            drift_share=1 / len(tests),  # one column is enough to be a finding; the page should say so, too
            per_column_method={name: test.method for name, test in tests.items()},
            per_column_threshold={name: test.threshold for name, test in tests.items()},
        )
        both = (
            evidently.Dataset.from_pandas(_frame(table, tests), data_definition=definition)
            for table in (data, reference)
        )
        snapshot = evidently.Report([preset]).run(*both)
        scores = _scores(snapshot.dict())
        page = offline_page(snapshot.get_html_str(as_iframe=False))
    return [ValueDrift(name, scores[name], test) for name, test in tests.items()], page


def _frame(table: pa.Table, tests: Mapping[str, DriftTest]) -> Any:
    frame = table.select(list(tests)).to_pandas()
    for name, test in tests.items():
        # one type of text on both sides: a truth value read from CSV here may be a text there
        frame[name] = (
            frame[name].astype("float64") if test.numeric else frame[name].map(str, na_action="ignore")
        )
    return frame


def _scores(report: Mapping[str, Any]) -> dict[str, float]:
    return {
        metric["config"]["column"]: float(metric["value"])
        for metric in report["metrics"]
        if metric["config"]["type"].endswith(":ValueDrift")
    }

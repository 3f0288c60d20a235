"""Check ``expectations``: Great Expectations over the manifest and the image properties."""

import json
from typing import Any

from seatrial.errors import examples
from seatrial.files import write_text
from seatrial.quality import gx_engine
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.data_docs import stand_alone
from seatrial.quality.expectation_suite import propose_suite
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.frames import joined

__all__ = ["expectations"]

_PAGE = "great_expectations.html"

_SEVERITIES: dict[str, Severity] = {"critical": "error", "warning": "warning", "info": "info"}


def expectations(given: CheckInput) -> Found:
    """Report each expectation that the data set does not meet, one finding each.

    The suite is the user's, or one proposed from the data set and the reference. An expectation that
    could not be evaluated is an error, not silence. The score is the number of values that break it, 1
    where it does not judge single values. The page is Great Expectations' Data Docs.
    """
    suite = given.suite or propose_suite(given.data, given.reference, given.options)
    result = gx_engine.validate(suite, joined(given.data))
    outcomes = gx_engine.outcomes(result)
    write_text(given.pages / _PAGE, stand_alone(gx_engine.render(result)))
    ids = given.data.ids
    return Found(
        tuple(_finding(one, ids) for one in outcomes if not one.success), {"Great Expectations": _PAGE}
    )


def _finding(outcome: gx_engine.Outcome, ids: list[str]) -> Finding:
    count = outcome.unexpected
    evidence = {
        "column": outcome.column,
        "expectation": outcome.type,
        "arguments": _plain(outcome.kwargs),
        "unexpected_count": count,
        "examples": _plain(list(outcome.examples[:5])),
        "observed": _plain(outcome.observed),
        "problem": outcome.problem,
    }
    return Finding(
        "expectations",
        "error" if outcome.problem else _SEVERITIES[outcome.severity],
        f"{_subject(outcome)}: {outcome.type}({_arguments(outcome)}) {_what_happened(outcome)}",
        tuple(ids[row] for row in outcome.rows),
        float(count or 1),
        evidence,
    )


def _subject(outcome: gx_engine.Outcome) -> str:
    return f"column {outcome.column!r}" if outcome.column is not None else "table"


def _arguments(outcome: gx_engine.Outcome) -> str:
    shown = (
        f"{name}={examples(value) if isinstance(value, list) else _short(value)}"
        for name, value in outcome.kwargs.items()
        if name != "column"
    )
    return ", ".join(shown)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(_plain(value))


def _what_happened(outcome: gx_engine.Outcome) -> str:
    if outcome.problem:
        return f"could not be evaluated: {outcome.problem}"
    if outcome.unexpected is None:
        seen = "" if outcome.observed is None else f", observed {_short(outcome.observed)}"
        return f"is not met{seen}"
    shown = list(dict.fromkeys(_short(one) for one in outcome.examples if one is not None))[:5]
    return f"is not met by {outcome.unexpected} values" + (f", e.g. {', '.join(shown)}" if shown else "")


def _plain(value: Any) -> Any:
    """Make a value of Great Expectations' fit for JSON: NumPy numbers, dates and NaN included."""
    return json.loads(json.dumps(value, default=_scalar), parse_constant=str)


def _scalar(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)

"""Check ``expectations``: Great Expectations over the manifest and the image properties."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from seatrial.errors import examples
from seatrial.files import write_text
from seatrial.quality import gx_engine
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.data_docs import stand_alone
from seatrial.quality.expectation_suite import suite_of_table
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.frames import joined, objects_joined
from seatrial.quality.suite_proposal import OBJECTS, SAMPLES, propose_suite

__all__ = ["expectations"]

#: Title and file of each table's page.
_PAGES = {
    SAMPLES: ("Great Expectations", "great_expectations.html"),
    OBJECTS: ("Great Expectations of objects", "great_expectations_objects.html"),
}

_SEVERITIES: dict[str, Severity] = {"critical": "error", "warning": "warning", "info": "info"}


def expectations(given: CheckInput) -> Found:
    """Report each expectation that the data set does not meet, one finding each.

    The suite is the user's, or one proposed from the data set and the reference; those of a detection may be
    about its objects. An expectation that could not be evaluated is an error, not silence. The score is the
    number of values that break it, 1 where it does not judge single values. The pages are Great
    Expectations' Data Docs.
    """
    suite = given.suite or propose_suite(given.data, given.reference, given.options)
    found, pages = [], {}
    for name, (title, page) in _PAGES.items():
        part = suite_of_table(suite, name)
        if not part["expectations"]:
            continue
        table = joined(given.data) if name == SAMPLES else objects_joined(given.data)
        result = gx_engine.validate(part, table)
        write_text(given.pages / page, stand_alone(gx_engine.render(result)))
        pages[title] = page
        found += [_finding(one, name, table) for one in gx_engine.outcomes(result) if not one.success]
    return Found(tuple(found), pages)


def _finding(outcome: gx_engine.Outcome, name: str, table: pa.Table) -> Finding:
    count = outcome.unexpected
    evidence = {
        "table": name,
        "column": outcome.column,
        "expectation": outcome.type,
        "arguments": _plain(outcome.kwargs),
        "unexpected_count": count,
        "examples": _plain(list(outcome.examples[:5])),
        "observed": _plain(outcome.observed),
        "missing": _plain(list(outcome.missing)),
        "problem": outcome.problem,
    }
    rows = pa.array(outcome.rows, pa.int64())
    samples = table.column("id" if name == SAMPLES else "image").take(rows).to_pylist()
    if name == OBJECTS:
        evidence["annotations"] = table.column("annotation").take(rows).to_pylist()
    return Finding(
        "expectations",
        "error" if outcome.problem else _SEVERITIES[outcome.severity],
        f"{_subject(outcome, name)}: {outcome.type}({_arguments(outcome)}) {_what_happened(outcome)}",
        tuple(dict.fromkeys(samples)),
        float(count or 1),
        evidence,
    )


def _subject(outcome: gx_engine.Outcome, name: str) -> str:
    table = "table" if name == SAMPLES else "objects"
    if outcome.column is None:
        return table
    return f"column {outcome.column!r}" + ("" if name == SAMPLES else " of objects")


def _arguments(outcome: gx_engine.Outcome) -> str:
    shown = (
        f"{name}={_shown(value)}"
        for name, value in outcome.kwargs.items()
        if name not in {"column", "condition_parser"}
    )
    return ", ".join(shown)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) and "pass_through_filter" in value:  # a row condition, as it was written
        return str(value["pass_through_filter"])
    return examples(value) if isinstance(value, list) else _short(value)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(_plain(value))


def _what_happened(outcome: gx_engine.Outcome) -> str:
    if outcome.problem:
        return f"could not be evaluated: {outcome.problem}"
    if outcome.missing:
        return f"is not met: {examples(outcome.missing)} missing"
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

"""Several judged runs side by side: one self-contained HTML file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup

from seatrial import __version__
from seatrial.errors import InputError
from seatrial.gates import Outcome, Verdict, refusals
from seatrial.metrics import HEADLINES
from seatrial.reporting.display import count, metric_display, plain
from seatrial.reporting.headline import sentence
from seatrial.reporting.page import asset, bundle, content_security_policy
from seatrial.reporting.payload import embed, short
from seatrial.slices import ALL, SliceReport, SliceRow
from seatrial.statistics import Estimate

__all__ = ["JudgedRun", "render_comparison"]

_LEAST = 2
_WORDS = {
    Outcome.PASS: "Passed",
    Outcome.FAIL: "Refused",
    Outcome.INCONCLUSIVE: "Undecided",
    Outcome.ERROR: "Not judged",
    Outcome.SKIPPED: "Not judged",
}
_GLYPHS = {"pass": "✓", "fail": "✕", "inconclusive": "?", "error": "!", "skipped": "–"}


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run to compare.

    Attributes:
        name: What people call it.
        slices: What was measured.
        verdict: What was decided.
        link: Address of its page; empty for none.
    """

    name: str
    slices: SliceReport
    verdict: Verdict
    link: str = ""


def render_comparison(runs: Sequence[JudgedRun]) -> str:
    """Write one HTML page that fetches nothing; the same runs give the same text.

    Raises:
        InputError: There are fewer than two runs, or they are of different tasks.
    """
    if len(runs) < _LEAST:
        raise InputError(f"expected two runs or more to compare, got {len(runs)}")
    tasks = sorted({str(one.slices.header.get("task")) for one in runs})
    if len(tasks) > 1:
        raise InputError(f"expected runs of one task, got {', '.join(tasks)}")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = asset("page.css"), bundle(asset("comparison.js"))
    return environment.from_string(asset("comparison.html")).render(
        policy=content_security_policy(style, script),
        style=Markup(style),  # noqa: S704 - the package's own file
        script=Markup(script),  # noqa: S704 - the package's own file
        data=embed(_payload(runs)),
        runs=[_described(one) for one in runs],
        warnings=_warnings(runs),
        glyphs=_GLYPHS,
        version=__version__,
    )


def _described(run: JudgedRun) -> dict[str, Any]:
    header, verdict = run.slices.header, run.verdict
    first = next(iter(refusals(verdict)), None)
    subject, reason = ("", "") if first is None else sentence(first, float(header.get("confidence", 0.95)))
    if verdict.problems:
        subject, reason = "", plain(verdict.problems[0], 600)
    model = header.get("candidate", {}).get("model", "") if isinstance(header.get("candidate"), dict) else ""
    dataset = header.get("dataset", {})
    return {
        "name": plain(run.name),
        "link": run.link if run.link.startswith(("https://", "http://")) else "",
        "model": plain(str(model)),
        "dataset": plain(str(dataset.get("name", ""))),
        "n": count(dataset["n"]) if isinstance(dataset.get("n"), int) else "",
        "outcome": str(verdict.outcome),
        "word": _WORDS[verdict.outcome],
        "subject": subject,
        "reason": reason or "Nothing keeps it from going live.",
    }


def _warnings(runs: Sequence[JudgedRun]) -> list[str]:
    """Say what makes the numbers hard to compare."""
    said = []
    digests = {one.slices.header.get("dataset", {}).get("digest") for one in runs}
    if len(digests) > 1:
        said.append(
            "The runs were judged on different data: a difference may be the data's, not the model's."
        )
    policies = {json.dumps(one.verdict.inputs.get("policy"), sort_keys=True) for one in runs}
    if len(policies) > 1:
        said.append("The runs were judged by different policies.")
    return said


def _payload(runs: Sequence[JudgedRun]) -> dict[str, Any]:
    metrics = list(dict.fromkeys(row.metric for run in runs for row in run.slices.rows))
    usual = HEADLINES.get(str(runs[0].slices.header.get("task")), "")
    slices: dict[str, str] = {}
    for run in runs:
        for row in run.slices.rows:
            slices.setdefault(row.slice, row.family)
    place = {name: at for at, name in enumerate(sorted(slices, key=lambda name: name != ALL))}
    cells: dict[str, list[list[list[Any] | None]]] = {
        metric: [[None] * len(runs) for _ in place] for metric in metrics
    }
    for at, run in enumerate(runs):
        for row in run.slices.rows:
            if row.class_ is None:
                cells[row.metric][place[row.slice]][at] = _cell(row)
    displays = {name: metric_display(name) for name in metrics}
    return {
        "runs": [plain(one.name) for one in runs],
        "first": usual if usual in metrics else next(iter(metrics), ""),
        "metrics": [
            {"name": name, "label": one.label, "percent": one.percent, "higher": one.higher_is_better}
            for name, one in displays.items()
        ],
        "slices": [{"name": plain(name), "family": plain(slices[name])} for name in place],
        "cells": cells,
    }


def _cell(row: SliceRow) -> list[Any]:
    """Give ``[n, value, low, high, change against its champion, low, high]``, or ``[n, reason]``."""
    measured, change = row.candidate, row.difference
    if not isinstance(measured, Estimate):
        return [measured.n, plain(measured.reason)]
    paired = [] if change is None else [change.value, change.low, change.high]
    return [measured.n, *map(short, (measured.value, measured.low, measured.high, *paired))]

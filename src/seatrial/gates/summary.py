"""A verdict as Markdown, for people: what happened and why first, then every decision."""

from collections.abc import Iterator
from typing import Any

from seatrial.gates.headline import headline, refusals
from seatrial.gates.plain import markdown
from seatrial.gates.verdict import Decision, Outcome, Verdict

__all__ = ["summarise"]

_MOST_ROWS = 200
_REASON = 600
_NAME = 120


def summarise(verdict: Verdict) -> str:
    """Write ``verdict.md``; its first line is the outcome and why.

    What refuses comes first, then what did not pass without refusing, then the rest in the policy's order;
    after 200 rows the rest is counted.
    """
    outcome, _, why = headline(verdict).partition(": ")
    lines = [f"**{outcome}**: {markdown(why, 2 * _REASON)}", ""]
    for title, texts in (("Problems", verdict.problems), ("Notes", verdict.notes)):
        if texts:
            lines += [f"{title}:", "", *(f"- {markdown(text, _REASON)}" for text in texts), ""]
    lines += [*_table(verdict), "", *_inputs(verdict.inputs)]
    return "\n".join(lines).rstrip() + "\n"


def _table(verdict: Verdict) -> Iterator[str]:
    if not verdict.decisions:
        return
    rows = _ordered(verdict)
    yield "| outcome | rule | slice or check | metric | reason |"
    yield "|---|---|---|---|---|"
    for one in rows[:_MOST_ROWS]:
        cells = (one.rule, one.slice, _metric(one), one.reason)
        texts = [markdown(text, _REASON if text is one.reason else _NAME) for text in cells]
        yield f"| {_outcome(one)} | {' | '.join(texts)} |"
    if len(rows) > _MOST_ROWS:
        yield ""
        yield f"… and {len(rows) - _MOST_ROWS} more decisions in verdict.json."


def _ordered(verdict: Verdict) -> list[Decision]:
    first = refusals(verdict)
    rest = [one for one in verdict.decisions if not one.blocking]
    return first + sorted(rest, key=lambda one: one.outcome in {Outcome.PASS, Outcome.SKIPPED})


def _outcome(decision: Decision) -> str:
    if decision.blocking:
        return f"**{str(decision.outcome).upper()}**"
    if decision.waiver is not None:
        return "pass (waived)"
    passed = decision.outcome in {Outcome.PASS, Outcome.SKIPPED}
    return str(decision.outcome) if passed else f"{decision.outcome} (warning)"


def _metric(decision: Decision) -> str:
    if decision.metric is None:
        return ""
    return decision.metric if decision.class_ is None else f"{decision.metric} of {decision.class_}"


def _inputs(inputs: dict[str, Any]) -> Iterator[str]:
    for name, value in inputs.items():
        if isinstance(value, dict):
            known = [str(value[key]) for key in ("model", "name", "digest") if value.get(key)]
            yield f"- {markdown(name)}: {markdown(', '.join(known))}"
        else:
            yield f"- {markdown(name)}: {markdown('none' if value is None else value)}"

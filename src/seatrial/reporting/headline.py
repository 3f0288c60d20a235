"""May it go live? The outcome in words, and the one sentence that says why."""

from dataclasses import dataclass

from seatrial.gates import Decision, Outcome, refusals
from seatrial.reporting.display import count, metric_display, plain, share
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.units import PAIRED, favourable, numbers
from seatrial.slices import ALL

__all__ = ["Headline", "headline", "sentence"]

_TITLES = {
    Outcome.PASS: ("May it go live?", "Yes."),
    Outcome.FAIL: ("May it go live?", "No."),
    Outcome.INCONCLUSIVE: ("May it go live?", "Cannot say yet."),
    Outcome.ERROR: ("May it go live?", "Could not be judged."),
    Outcome.SKIPPED: ("May it go live?", "Nothing was judged."),
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The banner of the report.

    Attributes:
        outcome: The verdict's outcome.
        question: What was asked.
        answer: The answer in a few words.
        subject: Slice that the reason is about; empty where it is about none.
        reason: The one sentence.
        more: What else keeps it, or comes with it; one short sentence each.
    """

    outcome: str
    question: str
    answer: str
    subject: str
    reason: str
    more: tuple[str, ...]


def headline(inputs: ReportInputs) -> Headline:
    """Put the first refusal, or the pass, into words; other surfaces name the same refusal first."""
    verdict = inputs.verdict
    question, answer = _TITLES[verdict.outcome]
    blocking = refusals(verdict)
    more = []
    if verdict.problems:
        subject, reason = "", plain(verdict.problems[0], 600)
        others = len(verdict.problems) - 1 + len(blocking)
    elif blocking:
        subject, reason = sentence(blocking[0], inputs.confidence)
        others = len(blocking) - 1
    else:
        subject, reason, others = "", _nothing_blocks(inputs), 0
        more += _on_everything(None, inputs)
    if blocking and not verdict.problems:
        more += _on_everything(blocking[0], inputs)
    if others:
        more.append(
            f"{count(others)} more {'decision keeps' if others == 1 else 'decisions keep'} it from "
            "going live."
        )
    return Headline(str(verdict.outcome), question, answer, subject, reason, (*more, *_notes(inputs)))


def sentence(decision: Decision, confidence: float) -> tuple[str, str]:
    """Say what a decision found: its subject (a slice or check) and a sentence that follows it."""
    name = plain(decision.slice if decision.class_ is None else f"{decision.slice}, class {decision.class_}")
    measured = decision.type in {*PAIRED, "min", "max"} and decision.metric is not None
    if decision.outcome is Outcome.ERROR or not measured or decision.value is None:
        return name, plain(decision.reason, 600).rstrip(".") + "."
    _, interval, limit = numbers(decision)
    behind = [f"{share(confidence)} interval {interval}"] if interval else []
    behind += [f"n = {count(decision.n)}"] if decision.n is not None else []
    finding = _compared(decision, limit) if decision.type in PAIRED else _bounded(decision, limit)
    evidence = f" ({', '.join(behind)})" if behind else ""
    return name, f"{finding[0]}{evidence}{finding[1]}.{_needed(decision)}"


def _compared(decision: Decision, limit: str) -> tuple[str, str]:
    assert decision.metric is not None
    assert decision.value is not None
    display = metric_display(decision.metric)
    side = "below" if decision.value < 0 else "above"
    said = f"{display.label} is {display.change(abs(decision.value)).lstrip('+')} {side} the champion’s"
    if decision.value == 0:
        said = f"{display.label} is the champion’s"
    if decision.outcome is Outcome.FAIL and decision.type == "no_regression":
        return said, ": proven worse"
    if decision.type == "no_regression" or not limit:
        return said, ""
    side = "above" if favourable(decision) == "right" else "below"
    return said, f"; the interval must lie {side} {limit}"


def _bounded(decision: Decision, limit: str) -> tuple[str, str]:
    assert decision.metric is not None
    assert decision.value is not None
    display = metric_display(decision.metric)
    bound = "at least" if favourable(decision) == "right" else "at most"
    return (
        f"{display.label} is {display.value(decision.value)}",
        f"; {bound} {limit} is needed" if limit else "",
    )


def _needed(decision: Decision) -> str:
    if decision.outcome is not Outcome.INCONCLUSIVE or decision.n_needed is None:
        return ""
    return f" About {count(decision.n_needed)} more samples would decide it."


def _on_everything(decision: Decision | None, inputs: ReportInputs) -> list[str]:
    """Say how the whole compares, unless the decision is about the whole or compares nothing."""
    if decision is not None and (decision.slice == ALL or decision.type not in PAIRED):
        return []
    row = inputs.find(ALL, inputs.headline_metric if decision is None else decision.metric)
    if row is None or row.difference is None:
        return []
    display = metric_display(row.metric)
    difference = row.difference
    interval = display.change_interval(difference.low, difference.high)
    change = display.change(difference.value)
    return [f"On everything {display.label} is {change} against the champion ({interval})."]


def _nothing_blocks(inputs: ReportInputs) -> str:
    decisions = [one for one in inputs.verdict.decisions if one.severity == "block"]
    rules = len({one.rule for one in decisions})
    passed = sum(1 for one in decisions if one.outcome is Outcome.PASS)
    of = f"{count(len(decisions))} {'decision' if len(decisions) == 1 else 'decisions'}"
    under = f"{count(rules)} blocking {'rule' if rules == 1 else 'rules'}"
    if passed == len(decisions):
        return f"All blocking rules pass: {of} of {under}."
    return f"{count(passed)} of {of} of {under} pass, and none blocks."


def _notes(inputs: ReportInputs) -> list[str]:
    decisions = inputs.verdict.decisions
    waived = sum(1 for one in decisions if one.waiver)
    warned = sum(
        1
        for one in decisions
        if not one.blocking and not one.waiver and one.outcome in {Outcome.FAIL, Outcome.ERROR}
    )
    open_ = sum(
        1 for one in decisions if not one.blocking and not one.waiver and one.outcome is Outcome.INCONCLUSIVE
    )
    skipped = sum(1 for one in decisions if one.outcome is Outcome.SKIPPED)
    notes = []
    if waived:
        notes.append(f"{count(waived)} {'failure is' if waived == 1 else 'failures are'} waived.")
    if warned:
        notes.append(f"{count(warned)} {'warning' if warned == 1 else 'warnings'} to look at.")
    if open_:
        notes.append(
            f"{count(open_)} inconclusive {'decision does' if open_ == 1 else 'decisions do'} not block."
        )
    if skipped:
        notes.append(f"{count(skipped)} {'decision was' if skipped == 1 else 'decisions were'} skipped.")
    return notes

"""A verdict in one sentence, and what refuses, worst first."""

from seatrial.gates.verdict import Decision, Outcome, Verdict

__all__ = ["headline", "refusals", "where"]

_ORDER = (Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS, Outcome.SKIPPED)


def headline(verdict: Verdict) -> str:
    """Write the outcome and why: ``FAIL: slice mono: accuracy 4.0 points below the champion's (…)``."""
    outcome = str(verdict.outcome).upper()
    refusing = refusals(verdict)
    if verdict.problems:
        reasons = [*verdict.problems, *(f"{where(one)}: {one.reason}" for one in refusing)]
        return f"{outcome}: {reasons[0]}" + _more(len(reasons) - 1, "reason")
    if refusing:
        first = refusing[0]
        more = _more(len(refusing) - 1, "refusal")
        return f"{outcome}: {where(first)}: {first.reason} [rule {first.rule}]{more}"
    return f"{outcome}: {_passed(verdict)}"


def refusals(verdict: Verdict) -> list[Decision]:
    """Give the decisions that keep a verdict from passing: errors, failures, then what is inconclusive.

    Within an outcome they are in the policy's order of rules, the largest distance from the limit first.
    """
    place: dict[str, int] = {}
    for decision in verdict.decisions:
        place.setdefault(decision.rule, len(place))
    return sorted(
        verdict.blocking(), key=lambda one: (_ORDER.index(one.outcome), place[one.rule], -_distance(one))
    )


def where(decision: Decision) -> str:
    """Name what was judged: ``overall``, ``slice site=B7`` or ``check broken``."""
    if decision.type == "data":
        return f"check {decision.slice}"
    return "overall" if decision.slice == "all" else f"slice {decision.slice}"


def _passed(verdict: Verdict) -> str:
    blocks = [one for one in verdict.decisions if one.severity == "block"]
    passed = sum(one.outcome is Outcome.PASS for one in blocks)
    rules = len({one.rule for one in blocks})
    text = f"nothing in {rules} blocking rule{'' if rules == 1 else 's'} refuses, {passed} of {len(blocks)} "
    text += f"decision{'' if len(blocks) == 1 else 's'} passed"
    counts = {
        "waived": sum(one.waiver is not None for one in blocks),
        "inconclusive": sum(one.outcome is Outcome.INCONCLUSIVE for one in blocks),
        "skipped": sum(one.outcome is Outcome.SKIPPED for one in blocks),
    }
    text += "".join(f", {count} {word}" for word, count in counts.items() if count)
    warned = {Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE}
    warnings = sum(one.severity == "warn" and one.outcome in warned for one in verdict.decisions)
    return text + (f"; {warnings} warning{'' if warnings == 1 else 's'}" if warnings else "")


def _more(count: int, what: str) -> str:
    return f"; and {count} more {what}{'' if count == 1 else 's'}" if count > 0 else ""


def _distance(decision: Decision) -> float:
    if decision.value is None or decision.limit is None:
        return 0.0
    return abs(decision.value - decision.limit)

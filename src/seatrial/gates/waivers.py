"""Waivers: somebody answers for a failure, for a time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from seatrial.gates.policy import Policy, Waiver
from seatrial.gates.verdict import Decision, Outcome

__all__ = ["waived", "waiver_notes"]

#: What a waiver can answer for. An error means that nobody knows what would be waived.
_WAIVABLE = frozenset({Outcome.FAIL, Outcome.INCONCLUSIVE})


def waived(decision: Decision, policy: Policy, today: date) -> Decision:
    """Turn a failure into a pass where a waiver applies; say so where one has expired.

    A waiver applies up to the day before it expires. It covers a failed or inconclusive decision, never an
    error, and the decision keeps its numbers and says what it would have been.
    """
    waiver = _waiver_of(decision, policy)
    if waiver is None or decision.outcome not in _WAIVABLE:
        return decision
    if not waiver.applies(today):
        expired = f"{decision.reason}; the waiver of {waiver.owner} expired on {waiver.expires}"
        return replace(decision, reason=expired)
    reason = (
        f"waived by {waiver.owner} until {waiver.expires} ({waiver.reason}); "
        f"{decision.outcome} without the waiver: {decision.reason}"
    )
    stamp = {"owner": waiver.owner, "reason": waiver.reason, "expires": waiver.expires.isoformat()}
    return replace(decision, outcome=Outcome.PASS, reason=reason, waiver=stamp)


def waiver_notes(policy: Policy, decisions: Iterable[Decision], today: date) -> list[str]:
    """Report the waivers that do not apply: expired ones, and those of a slice that was not judged."""
    judged = [one for one in decisions if one.outcome is not Outcome.SKIPPED]
    notes = []
    for waiver in policy.waivers:
        covered = [one for one in judged if _waiver_of(one, policy) is waiver]
        where = f"of {waiver.rule}" + (f" on {waiver.slice}" if waiver.slice else "")
        if not waiver.applies(today):
            notes.append(
                f"the waiver {where} by {waiver.owner} expired on {waiver.expires} and does not apply"
            )
        elif not covered:
            notes.append(f"the waiver {where} by {waiver.owner} covers nothing that was judged")
        elif all(one.waiver is None and one.outcome is Outcome.ERROR for one in covered):
            notes.append(f"the waiver {where} by {waiver.owner} does not apply: an error cannot be waived")
    return notes


def _waiver_of(decision: Decision, policy: Policy) -> Waiver | None:
    """Find the waiver of a decision: one that names its slice, else one that names none."""
    own = [one for one in policy.waivers if one.rule == decision.rule]
    named = [one for one in own if one.slice == decision.slice]
    return next(iter([*named, *(one for one in own if one.slice is None)]), None)

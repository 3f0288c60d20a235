"""A verdict as workflow commands of GitHub Actions: each refusal beside the rule's line in the policy."""

from collections.abc import Iterator

from seatrial.gates.headline import where
from seatrial.gates.origins import Origins
from seatrial.gates.plain import plain
from seatrial.gates.policy import Policy
from seatrial.gates.verdict import Decision, Outcome, Verdict

__all__ = ["annotations"]


def annotations(verdict: Verdict, policy: Policy, origins: Origins) -> Iterator[str]:
    """Write one line for each problem, each decision that blocks (error) and each that warns (warning)."""
    for problem in verdict.problems:
        yield f"::error title=seatrial::{_escaped(plain(problem))}"
    places = {rule.id: ("rules", index) for index, rule in enumerate(policy.rules)}
    for decision in verdict.decisions:
        level = _level(decision)
        if level is not None:
            file, line = origins.line(places[decision.rule])
            about = {"file": file, "line": str(line), "title": f"{decision.rule}: {decision.outcome}"}
            fields = ",".join(f"{key}={_escaped(plain(value), ':,')}" for key, value in about.items())
            yield f"::{level} {fields}::{_escaped(plain(f'{where(decision)}: {decision.reason}'))}"


def _level(decision: Decision) -> str | None:
    if decision.blocking:
        return "error"
    return None if decision.outcome in {Outcome.PASS, Outcome.SKIPPED} else "warning"


def _escaped(text: str, more: str = "") -> str:
    for sign in ("%", "\r", "\n", *more):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text

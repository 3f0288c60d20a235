"""Policies and verdicts: what a candidate must show, and whether it did."""

from seatrial.gates.decide import decide, judge_data
from seatrial.gates.headline import headline, refusals
from seatrial.gates.junit import junit
from seatrial.gates.policy import Policy
from seatrial.gates.summary import summarise
from seatrial.gates.verdict import Decision, Outcome, Verdict

__all__ = [
    "Decision",
    "Outcome",
    "Policy",
    "Verdict",
    "decide",
    "headline",
    "judge_data",
    "junit",
    "refusals",
    "summarise",
]

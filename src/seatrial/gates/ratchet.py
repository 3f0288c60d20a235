"""Rule ``scenario``: what the champion solves stays solved."""

from seatrial.gates.drafting import draft
from seatrial.gates.evidence import Evidence
from seatrial.gates.rules import Scenarios
from seatrial.gates.scenario import Expectation, Scenario, family_of
from seatrial.gates.soundness import unsound
from seatrial.gates.verdict import Decision, Outcome
from seatrial.gates.wording import Words
from seatrial.slices import SliceRow
from seatrial.statistics import Estimate

__all__ = ["judge_scenarios"]


def judge_scenarios(rule: Scenarios, evidence: Evidence) -> list[Decision]:
    """Judge every frozen scenario of the rule.

    A scenario is solved when its metric meets its expectation, by value: the list is all there is of it.
    With ``require: kept`` a scenario that the champion solves has to be solved, and one that it does not
    solve either asks for nothing; with ``require: all`` every scenario has to be solved. A frozen sample that
    was not measured makes its scenario an error.
    """
    if rule.require == "kept":
        refusal = evidence.no_comparison(rule, "scenarios")
        if refusal is not None:
            return [refusal]
    chosen = rule.scenarios or tuple(evidence.policy.scenarios)
    return [_judge(rule, name, evidence.policy.scenarios[name], evidence) for name in chosen]


def _judge(rule: Scenarios, name: str, scenario: Scenario, evidence: Evidence) -> Decision:
    family, expect = family_of(name), scenario.expect
    row = evidence.row(family, family, expect.metric, expect.class_)
    problem = evidence.stale(family)
    if not problem and row is None:
        problem = evidence.unmeasured(expect.metric, expect.class_)
    if row is None or problem:
        return draft(rule, family, Outcome.ERROR, problem)
    problem = _unsound(row, scenario, against_champion=rule.require == "kept")
    if problem:
        return draft(rule, family, Outcome.ERROR, problem, n=row.n)
    assert isinstance(row.candidate, Estimate)
    words = Words(expect, evidence.confidence)
    value, limit = words.value(row.candidate.value), words.limit(expect.limit)
    wanted = f"at {'least' if expect.min is not None else 'most'} {limit}"
    text = f"{words.name} {value} on {row.n} frozen samples, {wanted} expected"
    outcome, why = _settled(rule, row, row.candidate, expect, words)
    return draft(
        rule, family, outcome, f"{text}: {why}", value=row.candidate.value, limit=expect.limit, n=row.n
    )


def _settled(
    rule: Scenarios, row: SliceRow, candidate: Estimate, expect: Expectation, words: Words
) -> tuple[Outcome, str]:
    if expect.solved_by(candidate):
        return Outcome.PASS, "solved"
    if rule.require == "all":
        return Outcome.FAIL, "not solved"
    assert isinstance(row.baseline, Estimate)
    champion = words.value(row.baseline.value)
    if expect.solved_by(row.baseline):
        return Outcome.FAIL, f"no longer solved, the champion reaches {champion}"
    return Outcome.SKIPPED, f"not solved, but neither by the champion, which reaches {champion}"


def _unsound(row: SliceRow, scenario: Scenario, *, against_champion: bool) -> str:
    """Say why a scenario cannot be judged; empty where it can."""
    if row.n != len(scenario.samples):
        return f"{row.n} of its {len(scenario.samples)} frozen samples were measured with a label"
    problem = unsound(row.candidate, row)
    if problem or not against_champion:
        return problem
    if row.baseline is None:
        return "the champion was not measured"
    problem = unsound(row.baseline, row)
    return f"champion {problem}" if problem else ""

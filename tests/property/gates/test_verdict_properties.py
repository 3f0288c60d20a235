"""What holds for every policy and every slice report."""

import math
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from seatrial.gates import Outcome, Policy, decide
from seatrial.quality import CheckResult, QualityReport
from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable

TODAY = date(2026, 6, 15)
DATASET = {"name": "val", "digest": "sha256:data", "n": 1000}
HEADER = {
    "classes": ["a", "b"],
    "candidate": {"model": "m2", "digest": "sha256:2"},
    "baseline": {"model": "m1", "digest": "sha256:1"},
    "dataset": DATASET,
    "confidence": 0.95,
    "replicates": 1000,
    "seed": 7,
    "resampled_by": "sample",
    "group": "group",
    "same_samples": True,
}
#: How bad an outcome is.
RANK = {Outcome.SKIPPED: 0, Outcome.PASS: 0, Outcome.INCONCLUSIVE: 1, Outcome.FAIL: 2, Outcome.ERROR: 3}
METRICS = ("accuracy", "log_loss")
TYPES = ("min", "max", "no_regression", "non_inferior", "improve", "gap", "coverage", "data", "scenario")
#: Two frozen scenarios of as many samples as their rows say.
SCENARIOS = {"fog": ("accuracy", "min"), "dusk": ("log_loss", "max")}

unit = st.floats(0, 1)
sizes = st.integers(1, 500)
numbers_in_order = st.tuples(unit, unit, unit).map(sorted)
estimates = st.builds(lambda bounds, n: Estimate(bounds[1], bounds[0], bounds[2], n), numbers_in_order, sizes)
measurements = st.one_of(
    estimates,
    st.builds(NotComputable, st.just("none of the class"), sizes),
    st.builds(lambda one: replace(one, value=math.nan), estimates),
)


@st.composite
def rows(draw, candidates=estimates):
    found = []
    for metric in METRICS:
        for slice_, family in (("all", "all"), ("site=1", "site"), ("site=2", "site"), ("site=3", "site")):
            candidate, champion = draw(candidates), draw(estimates)
            apart = getattr(candidate, "value", 0.0) - champion.value
            below, above, p, n = draw(unit), draw(unit), draw(unit), draw(sizes)
            difference = Difference(apart, apart - below, apart + above, p, n)
            size = max(candidate.n, champion.n, n)
            found.append(
                SliceRow(slice_, family, {}, "image", metric, None, size, candidate, champion, difference)
            )
    for name, (metric, _) in SCENARIOS.items():
        family, candidate, champion = f"scenario:{name}", draw(candidates), draw(estimates)
        size = max(candidate.n, champion.n)
        found.append(SliceRow(family, family, {}, "image", metric, None, size, candidate, champion, None))
    return found


def suite(rows):
    """Write the scenarios whose rows are there, with limits that both models may meet or miss."""
    sizes = {row.family: row.n for row in rows}
    return {
        name: {
            "because": "it happened",
            "expect": {"metric": metric, bound: 0.5},
            "samples": [str(one) for one in range(sizes[f"scenario:{name}"])],
        }
        for name, (metric, bound) in SCENARIOS.items()
    }


@st.composite
def rules(draw, severity="block"):
    type_ = draw(st.sampled_from(TYPES))
    limit = {
        "min": "value",
        "max": "value",
        "non_inferior": "margin",
        "improve": "gain",
        "gap": "max",
        "data": "max_share",
    }.get(type_)
    rule = {"type": type_, "severity": severity}
    if type_ == "data":
        rule["check"] = "broken"
    elif type_ == "scenario":
        rule["require"] = draw(st.sampled_from(["kept", "all"]))
    else:
        rule["slice"] = "site" if type_ == "gap" else draw(st.sampled_from(["all", "site"]))
        rule["min_n"] = draw(st.integers(1, 200))
    if type_ not in {"data", "coverage", "scenario"}:
        rule["metric"] = draw(st.sampled_from(METRICS))
        rule["on_inconclusive"] = draw(st.sampled_from(["block", "warn"]))
    if limit is not None:
        rule[limit] = draw(st.floats(0.001, 1))
    if type_ == "no_regression":
        rule["correction"] = draw(st.sampled_from(["holm", "benjamini_hochberg", "none"]))
    return rule


def judged(rules, rows, *, waivers=(), today=TODAY, findings=30, **header):
    numbered = [{"id": f"r{index}"} | rule for index, rule in enumerate(rules)]
    policy = Policy.model_validate(
        {
            "apiVersion": "seatrial/v1",
            "slices": {"site": {"by": ["site"]}},
            "scenarios": suite(rows),
            "rules": numbered,
            "waivers": list(waivers),
        }
    )
    quality = QualityReport(
        {"dataset": DATASET}, (CheckResult("broken", "done", "", findings, findings),), (), {}
    )
    return decide(policy, SliceReport(HEADER | header, tuple(rows)), quality, today=today, inputs={})


def stricter(rule, step):
    """Give the same rule with a bound that asks for more."""
    asks_more_when_lower = {"max": "value", "non_inferior": "margin", "gap": "max", "data": "max_share"}
    asks_more_when_higher = {"min": "value", "improve": "gain", "coverage": "min_n"}
    if rule["type"] in asks_more_when_lower:
        key = asks_more_when_lower[rule["type"]]
        return rule | {key: rule[key] * (1 - step * 0.999)}
    if rule["type"] in asks_more_when_higher:
        key = asks_more_when_higher[rule["type"]]
        grown = rule[key] + step * 100 if key == "min_n" else rule[key] + step * (1 - rule[key])
        return rule | {key: math.ceil(grown) if key == "min_n" else grown}
    return rule | ({"require": "all"} if rule["type"] == "scenario" else {})


@given(rule=rules(), rows=rows(), step=unit)
def test_a_stricter_bound_never_improves_an_outcome(rule, rows, step):
    before, after = judged([rule], rows), judged([stricter(rule, step)], rows)
    nothing_judged = all(one.outcome is Outcome.SKIPPED for one in before.decisions)
    assert nothing_judged or RANK[after.outcome] >= RANK[before.outcome]
    assert before.promotes or not after.promotes
    for one, other in zip(before.decisions, after.decisions, strict=True):
        assert one.slice == other.slice
        assert RANK[other.outcome] >= RANK[one.outcome]


@given(kept=st.lists(rules(), min_size=1, max_size=3), added=rules(), rows=rows())
def test_adding_a_blocking_rule_never_turns_a_refusal_into_a_pass(kept, added, rows):
    before, after = judged(kept, rows), judged([*kept, added], rows)
    if before.notes:
        # nothing had been shown, though no rule that is inconclusive blocks: the added one may show something
        assert before.outcome is not Outcome.PASS
        assert before.outcome is Outcome.INCONCLUSIVE or RANK[after.outcome] >= RANK[before.outcome]
    else:
        assert RANK[after.outcome] >= RANK[before.outcome]


@given(kept=st.lists(rules(), min_size=1, max_size=3), added=rules(severity="warn"), rows=rows())
def test_adding_a_warning_never_changes_the_outcome(kept, added, rows):
    assert judged([*kept, added], rows).outcome is judged(kept, rows).outcome


@given(asked=st.lists(rules(), min_size=1, max_size=3), rows=rows(measurements), data=st.data())
def test_the_order_of_the_rows_never_matters(asked, rows, data):
    shuffled = data.draw(st.permutations(rows))
    assert judged(asked, shuffled).to_json() == judged(asked, rows).to_json()


@given(rule=rules(), rows=rows(measurements))
def test_a_slice_without_a_finite_value_never_lets_a_rule_pass_it(rule, rows):
    verdict = judged([rule], rows)
    unsound = {
        row.slice
        for row in rows
        if row.metric == rule.get("metric")
        and not (isinstance(row.candidate, Estimate) and math.isfinite(row.candidate.value))
    }
    concerned = [one for one in verdict.decisions if one.slice in unsound]
    assert all(one.outcome is Outcome.ERROR for one in concerned)
    assert not (concerned and verdict.promotes)
    if rule["type"] == "gap" and any(name.startswith("site=") for name in unsound):  # the gap's own slices
        assert verdict.outcome is Outcome.ERROR


@given(
    asked=st.lists(rules(), min_size=1, max_size=3),
    rows=rows(),
    broken=st.sampled_from(
        [{"confidence": 0.9}, {"confidence": None}, {"replicates": 3}, {"seed": 8}, {"group": "patient"}]
    ),
)
def test_a_report_that_was_measured_otherwise_never_passes(asked, rows, broken):
    assert judged(asked, rows, **broken).outcome is Outcome.ERROR


@given(
    rule=rules().filter(lambda one: one["type"] in {"no_regression", "non_inferior", "improve"}),
    rows=rows(),
    broken=st.sampled_from([{"same_samples": False}, {"same_samples": None}, {"baseline": None}]),
)
def test_a_comparison_of_different_samples_or_without_a_champion_never_passes(rule, rows, broken):
    assert judged([rule], rows, **broken).outcome is Outcome.ERROR


@given(rows=rows(), days=st.integers(-400, 400))
def test_a_waiver_expires_on_its_day(rows, days):
    rule = {"type": "min", "metric": "accuracy", "value": 1.0, "use": "point"}
    worse = [replace(row, candidate=Estimate(0.5, 0.4, 0.6, 100), n=500) for row in rows]
    waiver = {"rule": "r0", "owner": "Ann", "reason": "known", "expires": TODAY}
    verdict = judged([rule], worse, waivers=[waiver], today=TODAY + timedelta(days))
    assert verdict.promotes == (days < 0)


@given(asked=st.lists(rules(), min_size=1, max_size=3), rows=rows(measurements), findings=st.integers(0, 60))
def test_a_verdict_promotes_exactly_when_nothing_blocks(asked, rows, findings):
    verdict = judged(asked, rows, findings=findings)
    assert verdict.promotes == (not verdict.problems and not list(verdict.blocking()))
    assert all(one.outcome is not Outcome.PASS for one in verdict.blocking())
    assert verdict.contradiction() is None


@given(rule=rules(), rows=rows())
def test_only_an_inconclusive_decision_or_too_little_coverage_asks_for_more_samples(rule, rows):
    for one in judged([rule], rows).decisions:
        if one.n_needed is not None:
            assert one.n_needed >= 1
            assert one.outcome is Outcome.INCONCLUSIVE or one.type == "coverage"

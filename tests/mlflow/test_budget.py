"""Which numbers become metrics, and which stay in the table."""

import random

from seatrial.gates import Decision, Outcome, Verdict
from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable
from seatrial_mlflow.publishing.budget import choose, ranked

HIGHER = {"recall": True, "log_loss": False}


def row(slice_, value, *, metric="recall", class_=None, width=0.1, change=None, p=0.5):
    family = "all" if slice_ == "all" else "site"
    attributes = {} if slice_ == "all" else {"site": slice_}
    difference = None if change is None else Difference(change, change - 0.01, change + 0.01, p, 100)
    candidate = Estimate(value, value - width, value + width, 100)
    baseline = None if change is None else Estimate(value - change, None, None, 100)
    return SliceRow(slice_, family, attributes, "image", metric, class_, 100, candidate, baseline, difference)


def verdict(*decisions):
    return Verdict(Outcome.FAIL, decisions, {})


def decision(slice_, outcome, *, blocking=False, metric="recall"):
    return Decision("rule", "min", "block", slice_, metric, outcome, "because", blocking=blocking)


def keys(report, judged, limit):
    chosen = choose(report, judged, HIGHER, limit)
    return [*chosen.candidate, *chosen.comparison]


def report_of(*rows):
    return SliceReport({}, rows)


def test_what_blocks_comes_before_what_warns_before_what_changed_before_the_worst():
    report = report_of(
        row("all", 0.9, change=0.01),
        row("fine", 0.9, change=0.0),
        row("worst", 0.1, change=0.0),
        row("changed", 0.8, change=-0.1, p=0.001),
        row("warned", 0.8, change=0.0),
        row("judged", 0.85, change=0.0),
        row("blocks", 0.85, change=-0.005),
    )
    judged = verdict(
        decision("judged", Outcome.PASS),
        decision("warned", Outcome.FAIL),
        decision("blocks", Outcome.FAIL, blocking=True),
    )
    order = [one.slice for one in ranked(report, judged, HIGHER)]
    assert order == ["all", "blocks", "warned", "judged", "changed", "worst", "fine"]
    expected = [
        *("recall", "slice/recall/site/blocks", "vs_champion/recall/site/blocks"),
        *("slice/recall/site/warned", "vs_champion/recall/site/warned"),
    ]
    assert sorted(keys(report, judged, 5)) == sorted(expected)


def test_a_decision_on_a_family_counts_for_each_of_its_slices():
    report = report_of(row("all", 0.9), row("a", 0.1), row("b", 0.8), row("c", 0.9, metric="log_loss"))
    judged = verdict(decision("site", Outcome.FAIL, blocking=True))
    assert [one.slice for one in ranked(report, judged, HIGHER)] == ["all", "a", "b", "c"]


def test_the_worst_is_judged_by_the_favourable_bound_so_that_a_tiny_slice_is_not_it_by_chance():
    report = report_of(row("all", 0.9), row("tiny", 0.5, width=0.5), row("large", 0.7, width=0.02))
    assert [one.slice for one in ranked(report, verdict(), HIGHER)] == ["all", "large", "tiny"]


def test_lower_is_better_turns_the_order_round():
    rows = [row("all", 0.3, metric="log_loss")]
    rows += [row("good", 0.1, metric="log_loss"), row("bad", 0.9, metric="log_loss")]
    assert [one.slice for one in ranked(report_of(*rows), verdict(), HIGHER)] == ["all", "bad", "good"]


def test_metrics_take_turns_so_that_none_takes_the_whole_budget():
    rows = [row(name, 0.1, metric=metric) for metric in HIGHER for name in ("all", "a", "b", "c")]
    chosen = keys(report_of(*rows), verdict(), 6)
    assert len([key for key in chosen if "log_loss" in key]) == 3


def test_the_budget_holds_and_what_is_left_out_is_counted():
    report = report_of(row("all", 0.9, change=0.1), *(row(f"s{one}", 0.5, change=0.2) for one in range(400)))
    for limit in (-3, 0, 1, 7, 200, 5000):
        chosen = choose(report, verdict(), HIGHER, limit)
        taken = len(chosen.candidate) + len(chosen.comparison)
        assert taken == min(max(limit, 0), 802)
        assert taken + chosen.left_out == 802


def test_a_number_that_cannot_be_computed_is_no_metric():
    absent = SliceRow("x", "site", {"site": "x"}, "image", "recall", None, 0, NotComputable("no samples", 0))
    report = report_of(row("all", 0.9), absent)
    assert keys(report, verdict(), 10) == ["recall"]
    assert absent in ranked(report, verdict(), HIGHER)


def test_a_class_on_a_slice_is_a_metric_only_where_it_was_judged():
    rows = [row(name, 0.5, class_=one) for name in ("all", "a") for one in ("cracked", "sound")]
    judged = verdict(Decision("r", "min", "block", "a", "recall", Outcome.PASS, "", class_="sound"))
    chosen = choose(report_of(*rows), judged, HIGHER, 100)
    assert set(chosen.candidate) == {
        "class/recall/cracked",
        "class/recall/sound",
        "slice/recall.sound/site/a",
    }
    assert chosen.left_out == 1


def test_the_order_of_equals_is_fixed_and_every_row_is_ranked_once():
    rows = [row(f"s{one}", random.Random(one).random(), change=0.2, p=0.01) for one in range(50)]
    report = report_of(row("all", 0.9), *rows)
    judged = verdict(decision("s3", Outcome.PASS))
    first = ranked(report, judged, HIGHER)
    assert first == ranked(report, judged, HIGHER)
    assert len(first) == len(report.rows) == len({(one.slice, one.metric, one.class_) for one in first})

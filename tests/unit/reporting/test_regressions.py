from seatrial.reporting.regressions import changes, overall, tallies, worst_first
from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable


def row(name, low, value, high, metric="accuracy"):
    known = Estimate(0.8, 0.7, 0.9, 50)
    return SliceRow(
        name, "f", {}, "image", metric, None, 50, known, known, Difference(value, low, high, 0.1, 50)
    )


def report(story, *rows):
    return story.inputs(slices=SliceReport(story.slices.header, rows))


def test_a_sure_loss_comes_before_a_larger_unsure_one_and_gains_come_last(refused):
    rows = [
        row("tiny", -0.4, -0.2, 0.1),
        row("sure", -0.06, -0.04, -0.02),
        row("surer", -0.05, -0.04, -0.03),
        row("gain", 0.01, 0.03, 0.05),
        row("even", -0.05, 0.0, 0.05),
    ]
    found = worst_first(report(refused, *rows), "accuracy")
    assert [one.slice for one in found] == ["surer", "sure", "tiny", "even", "gain"]


def test_lower_is_better_turns_the_order(refused):
    rows = [row("less", -0.05, -0.04, -0.03, "log_loss"), row("more", 0.03, 0.04, 0.05, "log_loss")]
    inputs = report(refused, *rows)
    assert [one.slice for one in worst_first(inputs, "log_loss")] == ["more", "less"]
    assert [one.sign for one in changes(inputs, "log_loss").worst] == ["▼", "▲"]


def test_many_slices_are_cut_to_the_worst_and_the_best(refused):
    rows = [row(f"s{index:02d}", index / 100 - 0.2, index / 100 - 0.1, index / 100) for index in range(30)]
    found = changes(report(refused, *rows), "accuracy")
    assert (len(found.worst), len(found.best), found.total) == (8, 3, 30)


def test_a_tally_counts_only_intervals_that_lie_wholly_on_one_side(refused):
    rows = [row("a", -0.3, -0.2, -0.1), row("b", -0.1, 0.0, 0.1), row("c", 0.1, 0.2, 0.3)]
    one = tallies(report(refused, *rows))[0]
    assert (one.worse, one.unclear, one.better) == (1, 1, 1)


def test_nothing_compared_gives_no_changes(first):
    assert changes(first.inputs(), "accuracy") is None
    assert tallies(first.inputs()) == []


def test_what_cannot_be_computed_says_why(refused):
    gone = SliceRow("all", "all", {}, "image", "auroc", None, 9, NotComputable("only one class", 9))
    shown = overall(report(refused, gone))[0]
    assert (shown.value, shown.reason) == ("—", "only one class")

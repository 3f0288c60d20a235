from seatrial.gates import headline, refusals

FLOOR = "id: floor, type: min, metric: accuracy, slice: site, value: 0.8"


def test_a_refusal_names_the_slice_by_how_much_and_with_which_interval(judge, row):
    rule = "id: sites, type: no_regression, metric: accuracy, slice: site"
    rows = [row("site=mono", difference=(-0.04, -0.069, -0.012, 0.003), n=425), row("site=poly")]
    assert headline(judge(rule, rows=rows)) == (
        "FAIL: slice site=mono: accuracy 4.0 points below the champion's (95 % interval −6.9 to −1.2 points, "
        "n = 425): proven worse, p = 0.006 after Holm's correction, level 0.05; the worst of 2 slices tested "
        "[rule sites]"
    )


def test_the_slice_that_is_farthest_from_the_limit_comes_first(judge, row):
    rows = [row("site=a", value=0.7), row("site=b", value=0.5), row("site=c", value=0.8)]
    verdict = judge(FLOOR, rows=rows)
    assert [one.slice for one in refusals(verdict)] == ["site=b", "site=a", "site=c"]
    assert headline(verdict).startswith("FAIL: slice site=b: ")
    assert headline(verdict).endswith("and 2 more refusals")


def test_a_pass_says_how_much_was_judged(judge, row):
    warns = "id: w, type: min, metric: accuracy, value: 0.99, severity: warn"
    verdict = judge(FLOOR, warns, rows=[row(), row("site=a", value=0.9), row("site=b", value=0.9)])
    assert headline(verdict) == "PASS: nothing in 1 blocking rule refuses, 2 of 2 decisions passed; 1 warning"


def test_a_problem_of_the_whole_comes_first(judge, report, row):
    verdict = judge(FLOOR, slices=report(row("site=a", value=0.5), confidence=0.9))
    assert headline(verdict).startswith("ERROR: the slices were measured at confidence 0.9")

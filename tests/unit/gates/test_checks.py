import pytest

from seatrial.gates import Outcome

COUNT = "id: broken, type: data, check: broken, max_count: 2"
SHARE = "id: dark, type: data, check: dark, max_share: 0.05"


@pytest.mark.parametrize(("findings", "expected"), [(0, "pass"), (1, "pass"), (2, "pass"), (3, "fail")])
def test_findings_are_counted(judge, row, quality, findings, expected):
    verdict = judge(COUNT, rows=[row()], quality=quality(broken=(findings, findings)))
    assert str(verdict.outcome) == expected
    assert verdict.decisions[0].slice == "broken"
    assert verdict.decisions[0].reason == (
        f"{findings} {'finding' if findings == 1 else 'findings'}, at most 2 allowed"
    )


@pytest.mark.parametrize(("samples", "expected"), [(50, "pass"), (51, "fail")])
def test_a_share_is_of_samples(judge, row, quality, samples, expected):
    verdict = judge(SHARE, rows=[row()], quality=quality(dark=(3, samples)))
    assert str(verdict.outcome) == expected
    assert verdict.decisions[0].value == samples / 1000


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"broken": ("crashed", "out of memory")}, "check 'broken' crashed: out of memory"),
        ({"broken": ("skipped", "no reference")}, "check 'broken' was skipped: no reference"),
        ({"brokn": (0, 0)}, "expected a check that was run (brokn), got 'broken'; did you mean 'brokn'?"),
        ({"broken": (-1, 0)}, "check 'broken' reports -1 findings on 0 samples"),
    ],
)
def test_a_check_that_did_not_look_is_an_error(judge, row, quality, given, reason):
    verdict = judge(COUNT, rows=[row()], quality=quality(**given))
    assert verdict.outcome is Outcome.ERROR
    assert verdict.decisions[0].reason == reason


def test_without_data_checks_a_rule_on_data_is_an_error(judge, row):
    verdict = judge(COUNT, rows=[row()])
    assert verdict.outcome is Outcome.ERROR
    assert verdict.decisions[0].reason == "no data checks were given: run check-data and give its folder"


def test_checks_of_another_data_set_are_an_error(judge, row, quality):
    other = quality(dataset={"name": "train", "digest": "sha256:other", "n": 9}, broken=(0, 0))
    verdict = judge(COUNT, rows=[row()], quality=other)
    assert verdict.outcome is Outcome.ERROR
    assert "the data checks are of data set 'train'" in verdict.decisions[0].reason


def test_findings_about_no_single_sample_have_no_share(judge, row, quality):
    verdict = judge(SHARE, rows=[row()], quality=quality(dark=(2, 0)))
    assert verdict.outcome is Outcome.ERROR
    assert "use max_count" in verdict.decisions[0].reason


def test_a_check_that_is_reported_twice_is_an_error(judge, row, quality):
    doubled = quality(broken=(0, 0))
    doubled = type(doubled)(doubled.header, doubled.checks * 2, (), {})
    assert judge(COUNT, rows=[row()], quality=doubled).outcome is Outcome.ERROR

"""Two models on the same samples, right or wrong."""

import pytest

from seatrial.statistics import mcnemar_midp, tango


def test_the_interval_holds_the_difference():
    low, high = tango(12, 7, 100, 0.95)
    assert low < 0.05 < high


def test_models_that_never_disagree_still_leave_doubt():
    z2 = 1.959963984540054**2
    low, high = tango(0, 0, 50, 0.95)
    assert high == pytest.approx(z2 / (50 + z2), abs=1e-12)
    assert low == pytest.approx(-high, abs=1e-12)


def test_a_candidate_that_is_right_wherever_the_champion_is_wrong_reaches_one():
    low, high = tango(9, 0, 9, 0.95)
    assert high == 1.0
    assert 0 < low < 1
    assert tango(0, 9, 9, 0.95) == (-1.0, pytest.approx(-low))


def test_without_samples_nothing_is_known():
    assert tango(0, 0, 0, 0.95) == (-1.0, 1.0)


@pytest.mark.parametrize(("b", "c", "n"), [(-1, 0, 5), (0, -1, 5), (3, 3, 5)])
def test_counts_that_do_not_fit_are_refused(b, c, n):
    with pytest.raises(ValueError, match="expected counts"):
        tango(b, c, n, 0.95)


def test_no_disagreement_is_no_evidence_either_way():
    assert mcnemar_midp(0, 0) == 0.5


def test_only_losses_are_evidence_that_the_candidate_is_worse():
    assert mcnemar_midp(0, 10) == 0.5**11
    assert mcnemar_midp(10, 0) == 1 - 0.5**11


def test_as_many_wins_as_losses_are_even():
    assert mcnemar_midp(7, 7) == pytest.approx(0.5, abs=1e-15)


def test_a_negative_count_of_disagreements_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        mcnemar_midp(-1, 3)

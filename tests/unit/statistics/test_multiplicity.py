"""Adjusting p-values for how many were looked at."""

import numpy as np
import pytest

from seatrial.statistics import benjamini_hochberg, holm

BOTH = pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert holm([0.04, 0.01, 0.03]).tolist() == pytest.approx([0.06, 0.03, 0.06])


def test_benjamini_hochberg_divides_by_the_rank():
    assert benjamini_hochberg([0.04, 0.01, 0.03]).tolist() == pytest.approx([0.04, 0.03, 0.04])


@BOTH
def test_one_p_value_stays_as_it_is(adjust):
    assert adjust([0.3]).tolist() == [0.3]


@BOTH
def test_none_gives_none(adjust):
    assert adjust([]).tolist() == []


@BOTH
def test_no_adjusted_p_value_passes_one(adjust):
    assert adjust(np.array([0.9, 0.8, 1.0])).max() <= 1.0


@BOTH
@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(adjust, wrong):
    with pytest.raises(ValueError, match="must be in"):
        adjust(wrong)

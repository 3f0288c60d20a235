import pytest

from seatrial.reporting.display import count, metric_display, plain, share
from seatrial.statistics import Difference, Estimate


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [("accuracy", 0.8047, "80.5 %"), ("log_loss", 0.21449, "0.214"), ("f1", 1.0, "100.0 %")],
)
def test_a_value_is_written_in_its_unit(metric, value, text):
    assert metric_display(metric).value(value).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("accuracy", -0.0401, "−4.0 points"),
        ("accuracy", 0.0401, "+4.0 points"),
        ("accuracy", -0.0001, "0.0 points"),
        ("log_loss", 0.0117, "+0.012"),
    ],
)
def test_a_difference_carries_its_sign_and_zero_carries_none(metric, value, text):
    assert metric_display(metric).change(value).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("metric", "low", "high", "direction"),
    [
        ("accuracy", -0.07, -0.01, "worse"),
        ("accuracy", 0.01, 0.07, "better"),
        ("accuracy", -0.01, 0.07, "unclear"),
        ("accuracy", -0.07, 0.0, "unclear"),
        ("log_loss", 0.01, 0.07, "worse"),
        ("log_loss", -0.07, -0.01, "better"),
    ],
)
def test_a_direction_is_called_only_when_the_whole_interval_is_on_one_side(metric, low, high, direction):
    difference = Difference((low + high) / 2, low, high, 0.5, 100)
    assert metric_display(metric).direction(difference) == direction


def test_a_tooltip_holds_the_value_the_interval_and_n():
    says = metric_display("recall").hover(Estimate(0.8, 0.7, 0.9, 1234), 0.95).replace("\u202f", " ")
    assert says == "recall 80.0 %, 95 % interval 70.0 to 90.0 %, n = 1 234"
    assert "no interval" in metric_display("recall").hover(Estimate(0.8, None, None, 3), 0.95)


def test_an_unknown_metric_is_a_decimal_where_higher_is_better():
    display = metric_display("bleu")
    assert (display.value(0.5), display.higher_is_better) == ("0.500", True)


def test_counts_and_shares_are_easy_to_read():
    assert count(1234567).replace("\u202f", " ") == "1 234 567"
    assert share(0.999).replace("\u202f", " ") == "99.9 %"


def test_foreign_text_is_cut_and_its_control_characters_become_visible():
    assert plain("a\x00b\nc\x1bd\x85e") == "a␀b c␛d\ufffde"
    assert plain("\u202etxt.exe") == "\ufffdtxt.exe"
    assert plain("x" * 1000) == "x" * 239 + "…"
    assert plain(3) == "3"

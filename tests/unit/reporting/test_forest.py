from xml.etree import ElementTree as ET

import pytest

from seatrial.reporting import ForestRow, Interval, forest_plot
from seatrial.reporting.svg import Scale, element, number

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    ForestRow("type=<mono>", "−4.0", Interval(-4.0, -6.9, -1.2), "worse"),
    ForestRow("type=poly", "+2.1", Interval(2.1, 0.4, 3.9), "better", Interval(1.0, 0.0, 2.0)),
    ForestRow("point", "+0.1", Interval(0.1)),
]


def _marks(tree, kind):
    return list(tree.iter(f"{SVG}{kind}"))


def test_a_forest_plot_is_well_formed_and_names_itself():
    tree = ET.fromstring(forest_plot(ROWS, title="Change & more", limit=0.0, favourable="right"))
    assert tree.find(f"{SVG}title").text == "Change & more"
    assert "type=<mono>" in [one.text for one in _marks(tree, "text")]


def test_it_draws_a_bar_for_each_interval_and_a_ring_for_the_champion():
    tree = ET.fromstring(forest_plot(ROWS, title="Change", limit=0.0))
    bars = [one for one in _marks(tree, "line") if "st-bar" in one.get("class")]
    assert len(bars) == 3
    assert [one.get("class") for one in _marks(tree, "circle")].count("st-ring st-baseline") == 1


@pytest.mark.parametrize(("favourable", "left_shaded"), [("right", True), ("left", False)])
def test_the_bad_side_of_the_limit_is_shaded(favourable, left_shaded):
    tree = ET.fromstring(forest_plot(ROWS, title="Change", limit=0.0, favourable=favourable))
    shade = next(one for one in _marks(tree, "rect"))
    limit = next(float(one.get("x1")) for one in _marks(tree, "line") if one.get("class") == "st-limit")
    start = float(shade.get("x"))
    assert (start < limit) == left_shaded
    assert start + float(shade.get("width")) == pytest.approx(limit) or start == pytest.approx(limit)


def test_the_same_rows_give_the_same_bytes():
    assert forest_plot(ROWS, title="Change") == forest_plot(ROWS, title="Change")


def test_a_plot_without_rows_or_spread_is_still_drawn():
    assert "<svg" in forest_plot([], title="nothing")
    assert "<svg" in forest_plot([ForestRow("one", "0", Interval(0.0))], title="a point")


def test_ticks_are_round_and_lie_in_the_scale():
    scale = Scale.over([-0.069, 0.102], 0, 300)
    assert scale.ticks() == [-0.05, 0.0, 0.05, 0.1]


def test_values_beyond_a_scale_stay_at_its_ends():
    scale = Scale(0.0, 1.0, 10, 90)
    assert (scale(-5), scale(0.5), scale(7)) == (10, 50, 90)


def test_elements_escape_their_text_and_attributes():
    made = element("text", "<b>", element("i", "&"), class_='a"b', x=1.5, hidden=None)
    assert made == '<text class="a&#34;b" x="1.5">&lt;b&gt;<i>&amp;</i></text>'


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (1.239, "1.24"), (-0.001, "0"), (100.0, "100"), (-3.5, "-3.5")]
)
def test_coordinates_are_short(value, text):
    assert number(value) == text

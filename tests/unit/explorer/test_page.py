"""The explorer's page in a real browser."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(page, explorer):
    """Open the explorer; whatever the console says is an error."""
    said = []
    refused = "the server responded with a status of 400"  # how the browser tells of what the page tells, too
    page.on(
        "console",
        lambda one: said.append(one.text) if one.type == "error" and refused not in one.text else None,
    )
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(explorer.url)
    page.wait_for_selector("html[data-ready]")
    yield page
    assert said == []


def settled(page, act):
    """Do something and wait for the answer to be drawn."""
    before = int(page.get_attribute("html", "data-ready"))
    act()
    page.wait_for_selector(f"html[data-ready='{before + 1}']")


def test_filters_filter(opened):
    assert opened.locator("#gallery .card").count() == 10, "it opens on what is wrong"
    opened.fill("#where", "light == 'day'")
    settled(opened, lambda: opened.select_option("#outcome", "all"))
    assert opened.locator("#gallery .card").count() == 45
    settled(opened, lambda: opened.click("#clear"))
    opened.select_option("#attribute", "light")
    opened.wait_for_selector("#facet button:has-text('night')")
    settled(opened, lambda: opened.click("#facet button:has-text('night')"))
    assert opened.input_value("#where") == "`light` == 'night'"
    assert opened.inner_text("#summary").startswith("15 of 60 samples, 66.7")


def test_a_predicate_that_is_wrong_says_where(opened):
    opened.fill("#where", "light = 'night'")
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#problem:not([hidden])")
    assert "write '=='" in opened.inner_text("#problem")


def test_a_sample_opens_with_its_picture_and_finds_its_like(opened):
    opened.click("#gallery .card >> nth=0")
    opened.wait_for_selector("#sample[open] img")
    assert opened.locator("#sample th:has-text('light')").count() == 1
    opened.click("#sample button:has-text('like this')")
    opened.wait_for_selector("#likeness:not([hidden])")
    assert opened.locator("#gallery .card").count() == 59


def test_a_class_that_is_called_like_a_script_is_text(opened):
    opened.click("#tab-confusion")
    opened.wait_for_selector("#pairs tbody button")
    assert "<script>alert(1)</script>" in opened.inner_text("#pairs")
    assert opened.evaluate("document.querySelectorAll('#pairs script').length") == 0


def test_a_lasso_on_the_map_chooses_samples_that_are_saved_as_a_slice(opened, explorer, shot):
    settled(opened, lambda: opened.click("#clear"))
    settled(opened, lambda: opened.click("#tab-map"))
    canvas = opened.locator("#points canvas.points")
    canvas.wait_for(timeout=120_000)
    assert opened.get_attribute("#points", "data-renderer") in {"webgl", "canvas"}
    box = canvas.bounding_box()
    shot(opened, "map")
    corners = [(0.01, 0.2), (0.99, 0.2), (0.99, 0.99), (0.01, 0.99), (0.01, 0.2)]
    places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]

    def draw():
        opened.mouse.move(*places[0])
        opened.mouse.down()
        for place in places[1:]:
            opened.mouse.move(*place, steps=4)
        opened.mouse.up()

    settled(opened, draw)
    chosen = int(opened.inner_text("#summary").split(" of ")[0])
    assert 0 < chosen <= 60
    opened.click("[data-save=slice]")
    opened.fill("#keep-name", "around")
    opened.click("#keep-form button[type=submit]")
    opened.wait_for_selector("#kept:not([hidden])")
    assert str(explorer.notes / "slices.yaml") in opened.inner_text("#kept-path")
    assert "around:" in opened.input_value("#kept-text")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anybody(opened, scheme):
    opened.emulate_media(color_scheme=scheme)
    for tab in ("samples", "confusion"):
        opened.click(f"#tab-{tab}")
        opened.wait_for_timeout(300)
        found = Axe().run(opened).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        assert serious == [], json.dumps(serious, indent=1)[:4000]

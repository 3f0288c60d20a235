"""The report of every task, opened from a file: what people do with it does what they expect."""

import pytest
import yaml

from seatrial.steps import measure_slices

pytestmark = pytest.mark.slow

TASKS = ("classification", "detection", "segmentation")


@pytest.fixture(params=TASKS)
def case(judged, request):
    return judged(request.param)


@pytest.fixture
def report(watched, case):
    """Open the report; whatever it says on the console or fetches is an error."""
    watched.page.goto(case.report.as_uri())
    watched.page.wait_for_selector("html[data-ready]")
    yield watched.page
    assert watched.said == []
    assert watched.asked == [case.report.as_uri()]


def draw_round(page, canvas):
    """Draw a lasso round nearly everything on a map."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    corners = [(0.01, 0.12), (0.99, 0.12), (0.99, 0.99), (0.01, 0.99), (0.01, 0.12)]
    places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def rows(page):
    """Give the slices that the table shows, in its order."""
    return page.locator("#slice-table tbody .slice bdi").all_inner_texts()


def test_it_answers_first_and_in_order(report, case):
    assert report.inner_text("h1").strip().endswith("No.")
    assert report.inner_text("#verdict .subject") == "light=night"
    titles = report.locator("main h2:not(.minor)").all_inner_texts()
    asked = ["What got worse?", "Where does it fail?", "Why?", "What next?"]
    assert [one for one in titles if one in asked] == asked
    assert report.locator("#worse .change .name").first.inner_text() == "light=night"


def test_the_table_filters_and_sorts(report):
    whole = rows(report)
    assert whole[0] == "all"
    report.fill("#filter", "night")
    assert {"all", *rows(report)} - {"all"} == {one for one in whole if "night" in one}
    report.fill("#filter", "")
    report.select_option("#family", "site")
    assert sorted(rows(report)) == ["site=<b>Ulm</b>", "site=Brest", "site=Cádiz"]
    report.select_option("#family", "")
    report.check("#worse-only")
    worse = rows(report)
    assert "light=night" in worse
    assert "light=day" not in worse
    report.uncheck("#worse-only")
    for key, column in (("n", 1), ("candidate", 3), ("change", 6)):
        report.click(f"#slice-table [data-sort={key}]")
        first = _numbers(report, column)
        report.click(f"#slice-table [data-sort={key}]")
        assert _numbers(report, column) == first[::-1]
        assert first in (sorted(first), sorted(first)[::-1])


def _numbers(page, column):
    texts = page.locator(f"#slice-table tbody tr:not(.whole) > :nth-child({column + 1})").all_inner_texts()
    return [
        float(one.split("[")[0].strip(" ▼▲·%\u202f\n").replace("−", "-").replace("\u202f", ""))
        for one in texts
    ]


def test_another_metric_fills_the_table_anew(report):
    names = [one.get_attribute("value") for one in report.locator("#metric option").all()]
    for name in names:
        report.select_option("#metric", name)
        assert len(rows(report)) == 12
        assert report.inner_text("#metric-about").strip()


def test_cells_open_the_pictures_behind_them(report):
    report.locator("#confusion").scroll_into_view_if_needed()
    report.click("#slice-table button.link:has-text('light=night')")
    assert report.locator("#confusion-slice option:checked").inner_text().startswith("light=night")
    cell = report.locator(".heat button.cellbutton[aria-label*='are person are called']").last
    said = cell.get_attribute("aria-label")
    cell.click()
    report.wait_for_selector("#pictures[open] img")
    pictures = report.locator("#pictures-list img")
    assert 0 < pictures.count() <= 12
    assert all(one.evaluate("image => image.naturalWidth > 0") for one in pictures.all())
    assert report.inner_text("#pictures-title").split(" ")[0] in said
    report.keyboard.press("Escape")
    assert report.locator("#pictures").is_hidden()


def test_a_card_opens_with_pictures_scores_and_attributes(report, case):
    report.locator("button.card").first.click()
    report.wait_for_selector("#sample[open]")
    shown = report.locator("#sample img")
    assert shown.count() == (1 if case.task == "classification" else 2)
    assert all(one.evaluate("image => image.naturalWidth > 0") for one in shown.all())
    assert report.locator("#sample th:has-text('light')").count() == 1
    assert report.locator("#sample .score").count() > 0
    report.click("#sample .close")
    assert report.locator("#sample").is_hidden()


def test_a_lasso_on_the_map_shows_the_pictures_inside(report):
    report.locator("#map-view").scroll_into_view_if_needed()
    canvas = report.locator("#points canvas.points")
    canvas.wait_for()
    assert report.get_attribute("#points", "data-renderer") == "webgl"
    draw_round(report, canvas)
    report.wait_for_selector("#lasso-pictures img")
    chosen = int(report.inner_text("#lasso-note").split(" ")[0])
    assert 100 < chosen <= 240
    assert report.locator("#lasso-pictures li").count() == 90
    for option in report.locator("#map-colour option").all():
        report.select_option("#map-colour", option.get_attribute("value"))
        assert report.locator("#mapkey li").count() >= 2
    canvas.focus()
    for key in ("+", "+", "+", "ArrowLeft", "Enter"):
        report.keyboard.press(key)
    assert int(report.inner_text("#lasso-note").split(" ")[0]) < chosen


def test_groups_show_their_pictures_and_become_slices_of_a_policy(report, case, pasted_elsewhere):
    assert report.locator(".found > li").count() >= 1
    assert report.locator(".found > li .pictures img").count() >= 1
    report.click("button[data-copies=proposed]")
    copied = pasted_elsewhere(report)
    known = yaml.safe_load(copied)["slices"]
    pasted = case.folder / "pasted.yaml"
    pasted.write_text(f"apiVersion: seatrial/v1\ntask: {case.task}\n{copied}rules: []\n", encoding="utf-8")
    measured = measure_slices.run(case.evaluation, case.folder / "pasted", policy=pasted, replicates=0)
    found = {row.family: row.n for row in measured.rows}
    assert set(found) == {"all", *known}
    assert all(0 < found[name] <= found["all"] for name in known)


@pytest.fixture
def pasted_elsewhere():
    """Paste what was copied into a field of a page of its own, as a person would."""

    def pasted(page):
        other = page.context.new_page()
        other.set_content("<textarea></textarea>")
        other.focus("textarea")
        other.keyboard.press("Control+V")
        return other.input_value("textarea")

    return pasted


def test_next_steps_are_copied_as_text(report, pasted_elsewhere):
    report.click("#copy")
    assert report.inner_text("#copied") == "Copied."
    text = pasted_elsewhere(report)
    assert text.startswith("1. ")
    assert "light=night" in text


def test_it_works_by_keyboard_alone(report):
    report.keyboard.press("Tab")
    assert report.evaluate("document.activeElement.className") == "skip"
    report.keyboard.press("Enter")
    assert report.evaluate("document.activeElement.id") == "main"
    report.keyboard.press("/")
    report.keyboard.type("night")
    assert all("night" in one for one in rows(report) if one != "all")
    report.locator(".heat button.cellbutton").first.focus()
    report.keyboard.press("Enter")
    report.wait_for_selector("#pictures[open]")
    report.keyboard.press("Escape")
    assert report.evaluate("document.activeElement.className") == "cellbutton", "focus returns to the cell"


def test_names_from_the_data_are_text(report):
    assert report.locator("#slice-table b").count() == 0
    assert report.locator("bdi:has-text('site=<b>Ulm</b>')").count() > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anybody(report, case, scheme, barriers):
    report.emulate_media(color_scheme=scheme)
    report.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    report.locator("#map-view").scroll_into_view_if_needed()
    report.locator("#points canvas.points").wait_for()
    assert barriers(report) == "[]"
    report.locator("button.card").first.click()
    assert barriers(report) == "[]"


def test_a_printed_page_shows_everything_unfolded(report, tmp_path):
    report.emulate_media(media="print")
    report.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert report.locator("details:not([open])").count() == 0
    assert report.locator("#slice-table tbody tr").first.is_visible()
    assert report.locator(".top").is_hidden()
    assert report.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    pdf = report.pdf(path=tmp_path / "report.pdf", format="A4")
    assert pdf.startswith(b"%PDF")


@pytest.mark.parametrize("width", [400, 800])
def test_a_narrow_window_scrolls_down_only(report, width):
    report.set_viewport_size({"width": width, "height": 800})
    assert report.evaluate("document.documentElement.scrollWidth") <= width

"""The report as MLflow's artifact view shows it: in a frame without an origin, on a real server."""

import re
import sys
from subprocess import run

import pytest

from seatrial_mlflow import publish_run

pytestmark = pytest.mark.slow


@pytest.fixture
def published(judged, tracking, request):
    """Publish what was judged; gives the case and its run."""
    case = judged(request.param)
    folder = case.folder
    parts = {name: folder / name for name in ("verdict", "slices", "quality", "blind_spots", "figures")}
    rest = {"report": case.report, "evaluation": case.evaluation, "policy": folder / "policy.yaml"}
    return case, publish_run.run(**parts, **rest, experiment="streets")


@pytest.mark.parametrize("published", ["classification", "detection", "segmentation"], indirect=True)
def test_everything_works_in_the_frame(published, watched, tracking, shot):
    page, (_, made) = watched.page, published
    page.goto(f"{made.url}/artifacts/report.html")
    frame = page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for()
    own = page.frames[-1]
    assert own.evaluate("window.origin") == "null", "MLflow gives the frame no origin"
    assert "No." in frame.locator("h1").inner_text()
    frame.locator("nav a[href='#where']").click()
    frame.locator("#filter").fill("night")
    assert all("night" in one for one in frame.locator(".slice bdi").all_inner_texts() if one != "all")
    frame.locator("#filter").fill("")
    frame.locator(".heat button.cellbutton").last.click()
    picture = frame.locator("#pictures[open] img").first
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 0
    shot(page, "cell")
    frame.locator("#pictures .close").click()
    frame.locator("#map-view").scroll_into_view_if_needed()
    canvas = frame.locator("#points canvas.points")
    canvas.wait_for()
    canvas.focus()
    page.keyboard.press("Enter")
    frame.locator("#lasso-pictures img").first.wait_for()
    shot(page, "map")
    frame.locator("button.card").first.click()
    frame.locator("#sample[open] .score").first.wait_for()
    frame.locator("#sample .close").click()
    frame.locator("#theme").click()
    frame.locator("button[data-copies=proposed]").click()
    assert re.match("Copied|Selected", frame.locator("button[data-copies=proposed]").inner_text())
    assert [one for one in watched.said if not one.startswith(tracking)] == [], (
        "what MLflow's page says is its own"
    )
    assert {one for one in watched.asked if not one.startswith((tracking, "about:"))} == set()


@pytest.mark.parametrize("published", ["classification"], indirect=True)
def test_figures_open_among_the_artifacts(published, watched, shot):
    page, (case, made) = watched.page, published
    names = sorted(one.name for one in (case.folder / "figures").iterdir())
    assert names
    page.goto(f"{made.url}/artifacts")
    page.get_by_text("figures", exact=True).first.click()
    for name in names:
        page.get_by_text(name, exact=True).first.click()
        page.locator(
            f"img[src*='{name}'], .image-outer-container img, img.plotly, [class*=image]"
        ).first.wait_for()
    shot(page, "figure")


@pytest.fixture
def comparison(judged, tracking, tmp_path):
    """``seatrial compare`` of two runs, as a user types it."""
    runs = []
    for experiment in ("spring", "autumn"):
        folder = judged("classification").folder
        parts = {"verdict": folder / "verdict", "slices": folder / "slices"}
        runs.append(publish_run.run(**parts, experiment=experiment).run_id)
    out = tmp_path / "comparison.html"
    done = run(
        [sys.executable, "-m", "seatrial", "compare", *runs, "--tracking-uri", tracking, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_is_sorted_filtered_and_read_by_anybody(comparison, watched, barriers, scheme, shot):
    page = watched.page
    page.emulate_media(color_scheme=scheme)
    page.goto(comparison.as_uri())
    page.wait_for_selector("html[data-ready]")
    rows = page.locator("#matrix tbody tr")
    whole = rows.count()
    assert whole == 12
    page.fill("#filter", "night")
    assert 0 < rows.count() < whole
    page.fill("#filter", "")
    for name in [one.get_attribute("value") for one in page.locator("#metric option").all()]:
        page.select_option("#metric", name)
        assert rows.count() > 0
    assert barriers(page) == "[]"
    shot(page, f"comparison {scheme}")
    assert watched.said == []
    assert watched.asked == [comparison.as_uri()]

"""What people see: MLflow's own pages in a real browser."""

import json
from urllib.parse import quote

import pytest

from seatrial_mlflow import publish_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("tracking"),
]


@pytest.fixture
def published(logged, digest_of, results):
    """A refused and a passed evaluation, nested under one training run."""
    uri, other = logged.uri("pickle"), logged.uri("other")
    models = (uri, digest_of(uri)), (other, digest_of(other))
    runs = []
    for dataset, outcome in (("spring", "fail"), ("autumn", "pass")):
        runs.append(
            publish_run.run(**results(*models, outcome, dataset).arguments, dataset=f"images:data/{dataset}")
        )
    return runs


def shown(page, text):
    page.get_by_text(text, exact=False).first.wait_for()


def test_evaluations_are_nested_under_the_run_that_trained_the_model(page, published, tracking, logged, shot):
    page.goto(f"{tracking}/#/experiments/{logged.experiment_id}/runs")
    shown(page, "train candidate")
    page.locator("[data-testid='column-header-expander'], [role='gridcell'] button").first.click()
    for outcome in ("fail", "pass"):
        shown(page, f"seatrial {outcome}: {logged.model_ids['pickle'][:10]}")
    shot(page, "nested runs")


def test_a_run_says_why_and_its_charts_are_grouped_by_metric_and_attribute(page, published, tracking, shot):
    page.goto(published[0].url)
    for text in (
        "train candidate",
        "spring (abababababab)",
        "Seatrial: refused",
        "recall fell by 4.0 points",
    ):
        shown(page, text)
    shot(page, "run")
    page.get_by_role("tab", name="Model metrics").click()
    charts = page.get_by_placeholder("Search metric charts")
    for group, values in {
        "slice/accuracy/site": ("München-Süd", "missing"),
        "slice/accuracy/brightness": ("0.2_to_0.4", "from_0.4"),
    }.items():
        charts.fill(group)
        for text in (group, *values):
            shown(page, text)
    charts.fill("slice/accuracy")
    shot(page, "charts")


def test_two_runs_are_compared_slice_by_slice(page, published, tracking, logged, shot):
    runs, experiments = (
        quote(json.dumps(ids)) for ids in ([one.run_id for one in published], [logged.experiment_id])
    )
    page.goto(f"{tracking}/#/compare-runs?runs={runs}&experiments={experiments}")
    for text in (
        "Comparing 2 Runs",
        "seatrial fail",
        "seatrial pass",
        "slice/accuracy/site/B7",
    ):
        shown(page, text)
    page.get_by_text("Metrics", exact=True).first.scroll_into_view_if_needed()
    shot(page, "comparison")


def test_report_table_and_verdict_open_among_the_artifacts(page, published, shot):
    page.goto(f"{published[0].url}/artifacts")
    page.get_by_text("report.html").first.click()
    page.frame_locator("iframe").get_by_text("May it go live? No.").wait_for()
    shot(page, "report")
    page.get_by_text("slices.json").first.click()
    for column in ("slice", "metric", "metric_key", "site=B7"):
        shown(page, column)
    shot(page, "table")
    page.get_by_text("verdict", exact=True).first.click()
    page.get_by_text("verdict.md").first.click()
    for cell in ("rule", "outcome", "floor"):
        page.get_by_text(cell, exact=True).first.wait_for()
    assert page.get_by_text("| floor |").count() == 0, "Markdown is rendered"
    shot(page, "verdict")

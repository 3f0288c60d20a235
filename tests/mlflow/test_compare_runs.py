"""Runs of a real MLflow server, side by side."""

import pytest

from seatrial.errors import InputError
from seatrial_mlflow import compare_runs, publish_run

pytestmark = pytest.mark.usefixtures("tracking")


def test_published_runs_are_compared_by_their_ids(logged, digest_of, results, tracking, tmp_path):
    uri = logged.uri("pickle")
    ids = []
    for outcome, dataset in (("fail", "spring"), ("pass", "autumn")):
        arguments = results((uri, digest_of(uri)), None, outcome, dataset).arguments
        ids.append(publish_run.run(**arguments).run_id)
    page = tmp_path / "comparison.html"
    compare_runs.run(ids, page)
    text = page.read_text("utf-8")
    assert text.index("Refused") < text.index("Passed")
    assert f"{tracking}/#/experiments/" in text
    with pytest.raises(InputError, match="named twice"):
        compare_runs.run([ids[0], ids[0]], page)


def test_a_run_without_a_verdict_is_refused(logged, tmp_path):
    with pytest.raises(InputError, match="holds no verdict of Seatrial"):
        compare_runs.run([logged.run_id, "0" * 32], tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()

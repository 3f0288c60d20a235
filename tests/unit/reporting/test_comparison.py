"""Several judged runs on one page."""

import json
import re
from dataclasses import replace

import pytest

from seatrial.errors import InputError
from seatrial.reporting import JudgedRun, render_comparison


@pytest.fixture(scope="module")
def runs(refused, passed):
    return [
        JudgedRun("<b>spring</b>", refused.slices, refused.verdict, "https://mlflow.test/#/1"),
        JudgedRun("autumn", passed.slices, passed.verdict),
    ]


def held(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))


def test_every_run_says_whether_it_may_go_live_and_why_not(runs):
    page = render_comparison(runs)
    assert page.index("Refused") < page.index("Passed")
    assert "proven worse" in page
    assert "Nothing keeps it from going live." in page
    assert "&lt;b&gt;spring" in page
    assert "<b>spring" not in page


def test_every_slice_holds_the_number_of_every_run(runs, refused, passed):
    data = held(render_comparison(runs))
    names = [one["name"] for one in data["slices"]]
    assert names[0] == "all"
    for place, story in enumerate((refused, passed)):
        for row in story.slices.rows:
            if row.class_ is None and hasattr(row.candidate, "value"):
                cell = data["cells"][row.metric][names.index(row.slice)][place]
                assert cell[:2] == pytest.approx([row.candidate.n, row.candidate.value], rel=1e-5)


def test_other_data_is_a_warning(runs, passed):
    header = passed.slices.header | {"dataset": {"name": "other", "digest": "sha256:9", "n": 3}}
    other = replace(runs[1], slices=replace(passed.slices, header=header))
    assert "judged on different data" in render_comparison([runs[0], other])
    assert "judged on different data" not in render_comparison(runs)


def test_what_cannot_be_compared_is_refused(runs, passed):
    with pytest.raises(InputError, match="two runs or more"):
        render_comparison(runs[:1])
    header = passed.slices.header | {"task": "detection"}
    with pytest.raises(InputError, match="of one task"):
        render_comparison([runs[0], replace(runs[1], slices=replace(passed.slices, header=header))])


def test_the_page_fills_its_table_and_filters_it(runs, page, tmp_path):
    said = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    path = tmp_path / "comparison.html"
    path.write_text(render_comparison(runs), encoding="utf-8")
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#matrix tbody tr").count() == len(held(path.read_text("utf-8"))["slices"])
    page.fill("#filter", "type=mono")
    assert page.locator("#matrix tbody tr th >> nth=0").inner_text() == "type=mono"
    assert said == []

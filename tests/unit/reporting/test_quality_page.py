"""What data checks found, as a page and in a few lines."""

import numpy as np
from PIL import Image

from seatrial.quality import CheckResult, Finding, QualityReport
from seatrial.reporting.quality_page import quality_markdown, quality_page

HOSTILE = "<script>alert(1)</script> | **bold**"


def report(*findings, crashed=""):
    names = dict.fromkeys(one.check for one in findings)
    checks = [
        CheckResult(
            name,
            "done",
            "",
            sum(one.check == name for one in findings),
            len({sample for one in findings if one.check == name for sample in one.sample_ids}),
        )
        for name in names
    ]
    checks.append(CheckResult("light", "done", "", 0, 0))
    checks.append(CheckResult("drift", "skipped", "no reference data set was given", 0, 0))
    if crashed:
        checks.append(CheckResult("odd", "crashed", crashed, 0, 0))
    header = {"dataset": {"name": HOSTILE, "digest": "sha256:0", "n": 12}, "reference": None}
    return QualityReport(header, tuple(checks), tuple(findings), {})


def finding(check, message, samples=(), severity="warning"):
    return Finding(check, severity, message, tuple(samples), 1.0, {})


def test_the_page_shows_findings_pictures_and_what_was_quiet_or_skipped(tmp_path):
    Image.fromarray(np.full((9, 9, 3), 20, dtype=np.uint8)).save(tmp_path / "a.png")
    found = report(finding("dark", "too dark", ["a"]), crashed="KeyError: 'x'")
    page = quality_page(found, {"a": str(tmp_path / "a.png")})
    assert "too dark" in page
    assert page.count("data:image/jpeg;base64,") == 1
    assert "crashed: <bdi>KeyError: &#39;x&#39;</bdi>" in page
    assert "drift: no reference data set was given" in page
    assert "Nothing found" in page
    assert page == quality_page(found, {"a": str(tmp_path / "a.png")})


def test_text_of_the_data_is_no_markup_and_nothing_is_fetched():
    found = report(finding("dark", HOSTILE, [HOSTILE]))
    page = quality_page(found, {})
    assert "<script>" not in page
    assert "default-src 'none'" in page
    text = quality_markdown(found)
    assert "<script>" not in text
    assert [
        line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| dark")
    ] == [5]


def test_in_a_few_lines_each_check_that_found_something_says_its_worst():
    found = report(finding("dark", "the worst"), finding("dark", "another"), finding("broken", "cut"))
    lines = quality_markdown(found).splitlines()
    assert lines[0].startswith("**Data quality**: 3 findings in 12 samples")
    assert "| dark | 2 | 0 | the worst |" in lines
    assert not any("light" in line for line in lines)


def test_nothing_found_is_said():
    assert "Nothing was found." in quality_markdown(report())

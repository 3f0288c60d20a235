"""Running checks: one that fails must not hide the others, or itself."""

import numpy as np
import pytest

from seatrial.errors import InputError, MissingExtraError
from seatrial.quality import CHECKS, Finding, Found, NotApplicableError, chosen_checks, run_checks


@pytest.fixture
def small(manifest, given):
    return given(manifest({"a": np.zeros((4, 4, 3), np.uint8)}))


def finding(score, *ids):
    return Finding("mine", "info", "something", ids, score, {})


def test_a_check_that_crashes_is_reported_and_the_others_go_on(small):
    def crashes(_):
        raise ZeroDivisionError("division\nby zero")

    def works(_):
        return Found((finding(1.0, "a"),))

    results, findings, _ = run_checks({"crashes": crashes, "works": works}, small)
    assert [(one.check, one.status, one.reason) for one in results] == [
        ("crashes", "crashed", "ZeroDivisionError: division by zero"),
        ("works", "done", ""),
    ]
    assert len(findings) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotApplicableError("nothing to look at"), "nothing to look at"),
        (MissingExtraError("evidently", "quality"), "pip install 'seatrial\\[quality\\]'"),
    ],
)
def test_a_check_that_cannot_apply_is_skipped_with_its_reason(small, error, reason):
    def cannot(_):
        raise error

    ((result,), findings, _) = run_checks({"cannot": cannot}, small)
    assert result.status == "skipped"
    import re

    assert re.search(reason, result.reason)
    assert findings == ()


def test_findings_come_worst_first_and_samples_are_counted_once(small):
    found = Found((finding(1.0, "b"), finding(3.0, "a", "b"), finding(1.0, "a")), {"Page": "page.html"})
    (result,), findings, pages = run_checks({"mine": lambda _: found}, small)
    assert [(one.score, one.sample_ids) for one in findings] == [
        (3.0, ("a", "b")),
        (1.0, ("a",)),
        (1.0, ("b",)),
    ]
    assert (result.findings, result.samples) == (3, 2)
    assert pages == {"Page": "page.html"}


def test_all_checks_are_chosen_by_default_and_some_by_name():
    assert list(chosen_checks()) == list(CHECKS)
    assert list(chosen_checks(["light", "dark"])) == ["dark", "light"]


def test_an_unknown_check_names_the_known_ones():
    with pytest.raises(InputError, match="'darkness' is not a check: expected one of splits, broken, "):
        chosen_checks(["darkness"])


def install(monkeypatch, tmp_path, name, target):
    folder = tmp_path / "site" / "added-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: added\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[seatrial.checks]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def test_a_check_of_another_distribution_runs_like_the_others(monkeypatch, tmp_path, small):
    install(monkeypatch, tmp_path, "watermark", "seatrial_test_check:watermark")
    (tmp_path / "site" / "seatrial_test_check.py").write_text(
        "from seatrial.quality import Finding, Found\n"
        "def watermark(given):\n"
        "    ids = tuple(given.data.ids)\n"
        "    return Found((Finding('watermark', 'info', 'a watermark', ids, 1.0, {}),))\n"
    )
    (result,), findings, _ = run_checks(chosen_checks(["watermark"]), small)
    assert (result.status, findings[0].sample_ids) == ("done", ("a",))


def test_an_added_check_may_not_take_a_name_of_seatrials(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path, "dark", "nowhere:dark")
    with pytest.raises(InputError, match="'dark' of seatrial.checks is called like a check of Seatrial"):
        chosen_checks()

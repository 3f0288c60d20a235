"""A quality report that was edited or cut short is not read."""

import json

import pytest

from seatrial.errors import InputError
from seatrial.quality import CheckResult, Finding, QualityReport

FOUND = Finding("broken", "error", "cannot be read", ("i1",), 1.0, {})


@pytest.fixture
def written(tmp_path):
    """Write a report of one check that found one thing, and give its folder."""
    header = {"dataset": {"name": "zoo", "digest": "sha256:zoo", "n": 10}, "reference": None}
    QualityReport(header, (CheckResult("broken", "done", "", 1, 1),), (FOUND,), {}).write_into(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("checks", 0, "findings"), "0", "findings: expected a whole number"),
        (("checks", 0, "findings"), 0, "check 'broken' says that it found 0, but 1 findings are listed"),
        (("checks", 0, "samples"), -1, "samples: expected a whole number"),
        (("checks", 0, "status"), "fine", "status: expected one of done, crashed, skipped, got 'fine'"),
        (("checks", 0, "check"), None, "check: expected a text"),
        (("findings",), [], "check 'broken' says that it found 1, but 0 findings are listed"),
        (("findings", 0, "severity"), "dire", "severity: expected one of"),
        (("dataset",), "zoo", "dataset: expected a mapping, got 'zoo'"),
        (("dataset", "n"), True, "n: expected a whole number"),
        (("pages",), None, "pages: expected a mapping"),
        (("schema_version",), 2, "expected schema_version 1, got 2"),
    ],
)
def test_what_a_check_cannot_have_written_is_refused(written, place, value, problem):
    file = written / "quality.json"
    body = part = json.loads(file.read_text())
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    file.write_text(json.dumps(body))
    with pytest.raises(InputError, match=rf"quality\.json: not a complete quality report: .*{problem}"):
        QualityReport.read(written)

from xml.etree import ElementTree as ET

import pytest

from seatrial.gates import junit

FLOOR = "id: floor, type: min, metric: accuracy, slice: site, value: 0.8"


def suite(verdict):
    return ET.fromstring(junit(verdict)).find("testsuite")


def test_each_decision_is_a_test_case(judge, row):
    rules = (
        FLOOR,
        "id: a, type: min, metric: auroc, value: 0.5",
        f"{FLOOR}, severity: warn".replace("floor", "w"),
    )
    rows = [row("site=a", value=0.9), row("site=b", value=0.5), row("site=c", value=0.8), row()]
    found = suite(judge(*rules, rows=rows))
    assert found.attrib == {"name": "seatrial", "tests": "7", "failures": "2", "errors": "1", "skipped": "2"}
    cases = {(case.get("classname"), case.get("name")): case for case in found}
    assert cases["floor", "site=a · accuracy"].find("failure") is None
    assert "even the upper bound is below 80 %" in cases["floor", "site=b · accuracy"].find("failure").get(
        "message"
    )
    assert cases["floor", "site=c · accuracy"].find("failure").get("type") == "inconclusive"
    assert cases["a", "all · auroc"].find("error") is not None
    assert cases["w", "site=b · accuracy"].find("skipped").get("message").startswith("warning, fail: ")


def test_a_problem_of_the_whole_is_an_error(judge, row):
    found = suite(judge(rows=[row()]))
    assert found.get("errors") == "1"
    assert found.find("testcase").get("classname") == "verdict"


@pytest.mark.parametrize(
    "name", ["<&\"'>]]>", "\x00\x01\x1b[31m", "a\nb\tc", "\ufffe\uffff", "∅ 你好 🚢", "x" * 9000]
)
def test_hostile_names_are_valid_xml(judge, row, name):
    found = suite(judge(FLOOR, rows=[row(f"site={name}", family="site", value=0.5)]))
    shown = found.find("testcase").get("name")
    assert shown.startswith("site=")
    assert len(shown) < 300


def test_a_suite_is_red_exactly_when_the_verdict_is_no_pass(judge, row):
    warns = f"{FLOOR}, severity: warn"
    for rules in ([FLOOR], [warns, "id: b, type: min, metric: accuracy, value: 0.1"]):
        verdict = judge(*rules, rows=[row(), row("site=a", value=0.5)])
        found = suite(verdict)
        assert (found.get("failures") == found.get("errors") == "0") == verdict.promotes

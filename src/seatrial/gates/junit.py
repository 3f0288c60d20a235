"""A verdict as JUnit XML, so that a CI system shows each decision as a test."""

from xml.etree import ElementTree as ET

from seatrial.gates.plain import plain
from seatrial.gates.verdict import Decision, Outcome, Verdict

__all__ = ["junit"]


def junit(verdict: Verdict) -> str:
    """Write one test case for each decision, and one for each problem of the verdict as a whole.

    A decision that keeps the verdict from passing is a ``failure`` (failed or inconclusive) or an
    ``error``. One that does not, for its rule only warns, is ``skipped`` with its outcome and reason: the
    suite is red exactly when the verdict is no pass.
    """
    cases = [_problem(text) for text in verdict.problems]
    cases += [_case(decision) for decision in verdict.decisions]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    attributes = {"name": "seatrial"} | {key: str(count) for key, count in counts.items()}
    suites = ET.Element("testsuites", attributes)
    suite = ET.SubElement(suites, "testsuite", attributes)
    suite.extend(cases)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _problem(text: str) -> ET.Element:
    case = ET.Element("testcase", {"classname": "verdict", "name": plain(text, 120)})
    ET.SubElement(case, "error", {"type": "error", "message": plain(text)})
    return case


def _case(decision: Decision) -> ET.Element:
    parts = [decision.slice]
    if decision.metric is not None:
        parts.append(decision.metric)
    if decision.class_ is not None:
        parts.append(decision.class_)
    name = " · ".join(plain(part, 200) for part in parts)
    case = ET.Element("testcase", {"classname": plain(decision.rule, 200), "name": name})
    kind = _kind(decision)
    if kind is not None:
        warns = not decision.blocking and decision.outcome is not Outcome.SKIPPED
        message = (f"warning, {decision.outcome}: " if warns else "") + decision.reason
        ET.SubElement(case, kind, {"type": str(decision.outcome), "message": plain(message)})
    ET.SubElement(case, "system-out").text = plain(decision.reason)
    return case


def _kind(decision: Decision) -> str | None:
    if decision.outcome is Outcome.PASS:
        return None
    if not decision.blocking:
        return "skipped"
    return "error" if decision.outcome is Outcome.ERROR else "failure"

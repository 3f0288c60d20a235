"""Rule ``data``: what a data check found stays under a limit."""

from typing import Any

from seatrial.gates.drafting import draft
from seatrial.gates.evidence import Evidence
from seatrial.gates.rules import Data
from seatrial.gates.verdict import Decision, Outcome
from seatrial.quality import CheckResult, QualityReport
from seatrial.spelling import one_of

__all__ = ["judge_check"]


def judge_check(rule: Data, evidence: Evidence) -> list[Decision]:
    """Judge what a data check found.

    Without a quality report of the same data set, or where the check is not in it, crashed or was skipped,
    the decision is an error: nothing that was not looked at counts as clean.
    """
    found = _result(rule, evidence)
    if isinstance(found, str):
        return [draft(rule, rule.check, Outcome.ERROR, found)]
    quality = evidence.quality
    assert quality is not None
    size = _dataset(quality).get("n")
    if rule.max_count is not None:
        return [_by_count(rule, found, rule.max_count, size)]
    return [_by_share(rule, found, rule.max_share or 0.0, size)]


def _result(rule: Data, evidence: Evidence) -> CheckResult | str:
    """Give how the check ended, or why that cannot be judged."""
    quality = evidence.quality
    if quality is None:
        return "no data checks were given: run check-data and give its folder"
    judged, checked = evidence.header.get("dataset") or {}, _dataset(quality)
    if not judged.get("digest") or judged.get("digest") != checked.get("digest"):
        return (
            f"the data checks are of data set {checked.get('name')!r} ({checked.get('digest')}), the "
            f"slices of {judged.get('name')!r} ({judged.get('digest')}): check the data that is judged"
        )
    return _only(rule, quality)


def _only(rule: Data, quality: QualityReport) -> CheckResult | str:
    results = [one for one in quality.checks if one.check == rule.check]
    if not results:
        return one_of(rule.check, [one.check for one in quality.checks], "a check that was run")
    if len(results) > 1:
        return f"the quality report holds check {rule.check!r} {len(results)} times"
    result = results[0]
    if result.status != "done":
        return f"check {rule.check!r} {_ENDED[result.status]}: {result.reason or 'no reason was given'}"
    if min(result.findings, result.samples) < 0:
        return f"check {rule.check!r} reports {result.findings} findings on {result.samples} samples"
    return result


_ENDED = {"crashed": "crashed", "skipped": "was skipped"}


def _by_count(rule: Data, found: CheckResult, limit: int, size: int | None) -> Decision:
    outcome = Outcome.PASS if found.findings <= limit else Outcome.FAIL
    reason = f"{found.findings} {'finding' if found.findings == 1 else 'findings'}, at most {limit} allowed"
    return draft(rule, rule.check, outcome, reason, value=float(found.findings), limit=float(limit), n=size)


def _by_share(rule: Data, found: CheckResult, limit: float, size: int | None) -> Decision:
    if not isinstance(size, int) or size <= 0:
        reason = f"a share needs the data set's size, the quality report says {size}"
        return draft(rule, rule.check, Outcome.ERROR, reason)
    if found.findings and not found.samples:
        reason = f"{found.findings} findings that concern no single sample have no share: use max_count"
        return draft(rule, rule.check, Outcome.ERROR, reason, n=size)
    share = found.samples / size
    outcome = Outcome.PASS if share <= limit else Outcome.FAIL
    shares = f"{share * 100:.4g} %), at most {limit * 100:.10g} %"
    reason = f"{found.samples} of {size} samples have findings ({shares} allowed"
    return draft(rule, rule.check, outcome, reason, value=share, limit=limit, n=size)


def _dataset(quality: QualityReport) -> dict[str, Any]:
    header: dict[str, Any] = quality.header.get("dataset") or {}
    return header

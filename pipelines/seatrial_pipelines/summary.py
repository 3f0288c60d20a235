"""What a run came to, in the few lines that somebody reads in a terminal."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from seatrial.cli.app import USER_ERROR
from seatrial.cli.decide_promotion import EXIT_CODES
from seatrial.errors import InputError
from seatrial.gates import Decision, Outcome, Verdict
from seatrial.gates.plain import plain, visible
from seatrial.quality import QualityReport
from seatrial.secrets import without_secrets
from seatrial_pipelines.local import LABELS, LocalRun
from seatrial_pipelines.narrator import StepFailure

__all__ = ["conclude", "conclude_data_quality", "summarise"]

_HEADS = {
    Outcome.PASS: ("PASS", typer.colors.GREEN),
    Outcome.FAIL: ("REFUSED", typer.colors.RED),
    Outcome.INCONCLUSIVE: ("INCONCLUSIVE", typer.colors.YELLOW),
    Outcome.ERROR: ("ERROR", typer.colors.RED),
}
_MARKS = {
    Outcome.PASS: ("✓", typer.colors.GREEN),
    Outcome.FAIL: ("✗", typer.colors.RED),
    Outcome.INCONCLUSIVE: ("?", typer.colors.YELLOW),
    Outcome.ERROR: ("!", typer.colors.RED),
    Outcome.SKIPPED: ("-", typer.colors.BRIGHT_BLACK),
}
_MOST = 10
_LONGEST = 1200


def conclude(finished: LocalRun, out: Path, tracking_uri: str) -> tuple[int, str]:
    """Give a local run's exit code and its last words.

    Args:
        finished: How it ended.
        out: Folder of the results.
        tracking_uri: Where the run was recorded.

    Raises:
        InputError: A step refused its input, or a service did not answer; the message is the step's.
    """
    failure, verdict, log = finished.failure, finished.verdict, out / "run.log"
    if failure is not None:
        if failure.expected and verdict is None:
            raise InputError(failure.message)
        told = "" if verdict is None else summarise(verdict, out) + "\n"
        return _failed(failure), f"{told}{_reason(failure)}\nthe whole log is in {log}"
    if verdict is None:
        return EXIT_CODES[Outcome.ERROR], f"no verdict was reached; the whole log is in {log}"
    if verdict.promotes and "promote-model" not in finished.tasks:
        return EXIT_CODES[Outcome.ERROR], f"the verdict is pass, but nothing was promoted: see {log}"
    recorded = finished.outputs.get("publish-run", {})
    where = str(recorded.get("url") or f"run {recorded.get('run_id')} in {without_secrets(tracking_uri)}")
    promoted = str(finished.outputs.get("promote-model", {}).get("told", ""))
    return EXIT_CODES[verdict.outcome], summarise(verdict, out, promoted=promoted, tracked=where)


def conclude_data_quality(finished: LocalRun, out: Path) -> tuple[int, str]:
    """Give the exit code and the last words of a local run of ``data_quality``.

    Args:
        finished: How it ended.
        out: Folder of the results.

    Raises:
        InputError: A step refused its input, or a service did not answer; the message is the step's.
    """
    failure, log = finished.failure, out / "run.log"
    if failure is not None:
        if failure.expected:
            raise InputError(failure.message)
        return _failed(failure), f"{_reason(failure)}\nthe whole log is in {log}"
    found = QualityReport.read(out / "quality")
    severities = Counter(one.severity for one in found.findings)
    counted = ", ".join(f"{severities[name]} {name}s" for name in ("error", "warning") if severities[name])
    n = found.header["dataset"]["n"]
    lines = [f"{counted or 'no errors and no warnings'} in {n} samples → {out / 'quality'}"]
    recorded = finished.outputs.get("publish-quality", {})
    if recorded.get("run_id"):
        lines.append(f"recorded: {recorded.get('url') or recorded['run_id']}")
    head = _HEADS[Outcome.FAIL if finished.refusal else Outcome.PASS]
    lines.insert(
        0,
        typer.style(head[0], fg=head[1], bold=True)
        + (f": {plain(finished.refusal, _LONGEST)}" if finished.refusal else ""),
    )
    return EXIT_CODES[Outcome.FAIL if finished.refusal else Outcome.PASS], "\n".join(lines)


def _failed(failure: StepFailure) -> int:
    # the registry refused a model that had passed, e.g. since the champion changed meanwhile
    refused = failure.type.endswith((".RefusedError", ".StaleError"))
    return USER_ERROR if failure.expected and not refused else EXIT_CODES[Outcome.ERROR]


def _reason(failure: StepFailure) -> str:
    reason = failure.message if failure.expected else f"{failure.type or 'error'}: {failure.message}"
    return f"step '{LABELS.get(failure.task, failure.task)}' failed: {visible(reason)}"


def summarise(verdict: Verdict, out: Path, *, promoted: str = "", tracked: str = "") -> str:
    """Tell the outcome, what refused it or passed, and where the details are.

    Args:
        verdict: The verdict.
        out: Folder of the results.
        promoted: What was promoted to what; empty where nothing was.
        tracked: Address of the MLflow run; empty where there is none.
    """
    head, colour = _HEADS[verdict.outcome]
    lines = [
        typer.style(f" {head} ", fg=typer.colors.BLACK, bg=colour, bold=True) + " " + _subjects(verdict),
        "",
    ]
    lines += [f"  {_mark(Outcome.ERROR)} {plain(problem)}" for problem in verdict.problems]
    lines += list(_decisions(verdict))
    lines.append("")
    if promoted:
        lines.append(f"  promoted  {promoted}")
    lines.append(f"  report    {out / 'report.html'}")
    lines.append(f"  verdict   {out / 'verdict'}")
    if tracked:
        lines.append(f"  mlflow    {tracked}")
    return "\n".join(lines) + "\n"


def _subjects(verdict: Verdict) -> str:
    candidate, champion = (_uri(verdict.inputs.get(key)) for key in ("candidate", "baseline"))
    against = f"against {champion}" if champion else "with no champion to compare with"
    return f"{candidate or 'the candidate'} {against}"


def _uri(part: Any) -> str:
    return plain(part.get("model", "")) if isinstance(part, dict) else ""


def _decisions(verdict: Verdict) -> Iterator[str]:
    blocking = list(verdict.blocking())
    rest = [one for one in verdict.decisions if not one.blocking and one.outcome is not Outcome.PASS]
    passed = sum(one.outcome is Outcome.PASS for one in verdict.decisions)
    for decision in blocking[:_MOST]:
        yield _line(decision)
    if len(blocking) > _MOST:
        yield f"  … and {len(blocking) - _MOST} more, see the report"
    for decision in rest[: _MOST // 2]:
        yield typer.style(_line(decision), dim=True)
    if len(rest) > _MOST // 2:
        yield typer.style(f"  … and {len(rest) - _MOST // 2} more that do not block", dim=True)
    if passed:
        yield f"  {_mark(Outcome.PASS)} {passed} of {len(verdict.decisions)} decisions passed"


def _line(decision: Decision) -> str:
    told = plain(f"{decision.rule} on {decision.slice}: {decision.reason}", _LONGEST)
    return f"  {_mark(decision.outcome)} {told}"


def _mark(outcome: Outcome) -> str:
    mark, colour = _MARKS[outcome]
    return typer.style(mark, fg=colour, bold=True)

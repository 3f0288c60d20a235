"""What a run came to, in the few lines that somebody reads in a terminal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from seatrial.errors import InputError
from seatrial.gates import Decision, Outcome, Verdict
from seatrial_pipelines.local import LABELS, LocalRun

__all__ = ["EXIT_CODES", "conclude", "summarise"]

#: What ``seatrial run`` exits with; 2 is a user error.
EXIT_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCONCLUSIVE: 3, Outcome.ERROR: 4}

_USER_ERROR = 2

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


def conclude(finished: LocalRun, out: Path) -> tuple[int, str]:
    """Give a local run's exit code and its last words.

    Args:
        finished: How it ended.
        out: Folder of the results.

    Raises:
        InputError: A step refused its input, or a service did not answer; the message is the step's.
    """
    failure, verdict = finished.failure, finished.verdict
    if failure is not None and failure.expected and verdict is None:
        raise InputError(failure.message)
    if failure is not None:
        told = "" if verdict is None else summarise(verdict, out) + "\n"
        label = LABELS.get(failure.task, failure.task)
        reason = failure.message if failure.expected else f"{failure.type or 'error'}: {failure.message}"
        code = _USER_ERROR if failure.expected else EXIT_CODES[Outcome.ERROR]
        return code, f"{told}step '{label}' failed: {reason}\nthe whole log is in {out / 'run.log'}"
    if verdict is None:
        return EXIT_CODES[Outcome.ERROR], f"no verdict was reached; the whole log is in {out / 'run.log'}"
    promoted = str(finished.outputs.get("promote-model", {}).get("Output", ""))
    if verdict.promotes and "promote-model" not in finished.tasks:
        return EXIT_CODES[
            Outcome.ERROR
        ], f"the verdict is pass, but nothing was promoted: see {out / 'run.log'}"
    tracked = finished.outputs.get("publish-run", {})
    where = str(tracked.get("url") or tracked.get("run_id", ""))
    return EXIT_CODES[verdict.outcome], summarise(verdict, out, promoted=promoted, tracked=where)


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
    lines += [f"  {_mark(Outcome.ERROR)} {problem}" for problem in verdict.problems]
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
    return str(part.get("model", "")) if isinstance(part, dict) else ""


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
    subject = " ".join(
        part for part in (decision.metric, decision.class_ and f"of {decision.class_}") if part
    )
    where = f"{subject} on {decision.slice}" if subject else decision.slice
    return f"  {_mark(decision.outcome)} {decision.rule}: {where}: {decision.reason}"


def _mark(outcome: Outcome) -> str:
    mark, colour = _MARKS[outcome]
    return typer.style(mark, fg=colour, bold=True)

"""The verdict in Markdown, as MLflow shows it on the pages of a run and of a model version."""

from seatrial.gates.plain import markdown, plain
from seatrial.gates.verdict import Decision, Outcome, Verdict
from seatrial_mlflow.subject import Subject

__all__ = ["RUN_LIMIT", "VERSION_LIMIT", "describe", "describe_version"]

#: MLflow cuts a run's tag silently at 8,000 characters, and the description is one.
RUN_LIMIT = 8000

#: PostgreSQL holds 5,000 characters of a version's description.
VERSION_LIMIT = 5000

_HEADLINE = {
    Outcome.PASS: "## ✓ Seatrial: passed",
    Outcome.FAIL: "## ✗ Seatrial: refused",
    Outcome.INCONCLUSIVE: "## ? Seatrial: inconclusive",
    Outcome.ERROR: "## ! Seatrial: not judged, an error stands in the way",
    Outcome.SKIPPED: "## Seatrial: skipped",
}
_MARK = {
    Outcome.PASS: "✓ pass",
    Outcome.FAIL: "✗ fail",
    Outcome.INCONCLUSIVE: "? inconclusive",
    Outcome.ERROR: "! error",
    Outcome.SKIPPED: "skipped",
}
_TEXT_LENGTH = 240


def describe(verdict: Verdict, subject: Subject, limit: int) -> str:
    """Write headline, decisions (what blocks first) and inputs in at most ``limit`` characters.

    Decisions that do not fit are counted; the whole verdict is among the run's artifacts.
    """
    head = [_HEADLINE[verdict.outcome], "", *(f"- {markdown(problem)}" for problem in verdict.problems[:5])]
    head += [_sentence(verdict), ""]
    foot = ["", *_inputs(subject)]
    rows = [_row(decision) for decision in sorted(verdict.decisions, key=_importance)]
    for count in range(len(rows), -1, -1):
        left = len(rows) - count
        note = [f"\n… and {left} more in `verdict/verdict.md`."] if left else []
        text = "\n".join([*head, *(_HEADER if count else ()), *rows[:count], *note, *foot])
        if len(text) <= limit:
            return text
    return "\n".join(head)[:limit]


def describe_version(known: str, verdict: Verdict, subject: Subject) -> str:
    """Write the description of a model version: what people wrote stays above the latest verdict.

    Where they left no room for the verdict, theirs stays alone.

    Args:
        known: The description as it is; an earlier verdict in it is replaced.
        verdict: The verdict.
        subject: What was judged.
    """
    kept = known
    for headline in _HEADLINE.values():
        kept = kept.partition(headline)[0]
    kept = kept.rstrip()
    room = VERSION_LIMIT - len(kept) - 2
    if room < len(_HEADLINE[verdict.outcome]):
        return kept
    own = describe(verdict, subject, room)
    return f"{kept}\n\n{own}" if kept else own


_HEADER = ("| outcome | rule | slice | metric | reason |", "|:--|:--|:--|:--|:--|")


def _importance(decision: Decision) -> tuple[bool, bool]:
    return not decision.blocking, decision.outcome is Outcome.PASS


def _sentence(verdict: Verdict) -> str:
    total, blocking = len(verdict.decisions), len(list(verdict.blocking()))
    if blocking:
        return f"**{blocking} of {total} decisions keep this model from being promoted.**"
    return f"{total} decisions, none of them blocks."


def _row(decision: Decision) -> str:
    metric = decision.metric or ""
    if decision.class_ is not None:
        metric = f"{metric} ({decision.class_})"
    mark = f"**{_MARK[decision.outcome]}**" if decision.blocking else _MARK[decision.outcome]
    if decision.waiver is not None:
        mark += " (waived)"
    elif not decision.blocking and decision.outcome not in {Outcome.PASS, Outcome.SKIPPED}:
        mark += " (warning)"
    texts = (decision.rule, decision.slice, metric, decision.reason)
    return "| " + " | ".join([mark, *(markdown(text, _TEXT_LENGTH) for text in texts)]) + " |"


def _inputs(subject: Subject) -> list[str]:
    lines = [f"- candidate: {_code(subject.candidate)}"]
    if subject.baseline is not None:
        lines.append(f"- champion: {_code(subject.baseline)}")
    lines.append(
        f"- data set: {_code(subject.dataset)} ({subject.dataset_digest[:19]}…), {subject.size} images"
    )
    return lines


def _code(text: str) -> str:
    shown = plain(text).replace("`", "'")
    return f"`{shown}`"

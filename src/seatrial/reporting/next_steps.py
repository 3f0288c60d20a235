"""What to do next, from what the verdict and the checks found."""

from collections.abc import Iterator
from dataclasses import dataclass

from seatrial.datasets import Task
from seatrial.gates import Decision, Outcome, refusals
from seatrial.reporting.blind_spots import CAUSES
from seatrial.reporting.display import count, metric_display, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.mistakes import MistakeGroup
from seatrial.reporting.units import PAIRED

__all__ = ["NextStep", "next_steps"]

_MOST = 8
#: Groups whose causes become steps.
_CAUSES = 3


_WORSE = "on which the candidate does worse than the champion"
_LOST: dict[Task, str] = {
    "classification": "that the champion got right and the candidate gets wrong",
    "detection": _WORSE,
    "segmentation": _WORSE,
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do: a slice or check, what to do about it, and why."""

    subject: str
    action: str
    why: str


@dataclass(frozen=True, slots=True)
class _Broken:
    """What the candidate broke: how many images in each slice, and in words."""

    focus: dict[str, int]
    words: str


def next_steps(inputs: ReportInputs, groups: list[MistakeGroup]) -> list[NextStep]:
    """Propose what to do, the most urgent first, eight steps at most; one step for each subject and kind."""
    words = _LOST[inputs.candidate.header.task]
    broken = next((_Broken(group.focus, words) for group in groups if group.key == "broken"), None)
    steps: dict[tuple[str, str], NextStep] = {}
    for step in _all(inputs, broken):
        steps.setdefault((step.subject, step.action), step)
    return list(steps.values())[:_MOST]


def _all(inputs: ReportInputs, broken: _Broken | None) -> Iterator[NextStep]:
    verdict = inputs.verdict
    for problem in verdict.problems:
        yield NextStep("", "Make the evaluation judgeable, then run it again.", plain(problem, 600))
    for decision in refusals(verdict):
        yield _for(decision, broken)
    if verdict.promotes:
        action = "Promote the candidate: the verdict lets the registry alias move."
        yield NextStep("", action, "No blocking rule refuses it.")
    for check in inputs.quality.checks if inputs.quality is not None else ():
        if check.status == "crashed":
            action = "Repair this check: it crashed, so it says nothing about the data."
            yield NextStep(plain(check.check), action, plain(check.reason, 600))
    yield from _of_groups(inputs)
    yield from _not_blocking(inputs, broken)


def _of_groups(inputs: ReportInputs) -> Iterator[NextStep]:
    """Say what the causes of the groups that fail ask for, and that a batch waits to be labelled."""
    for group in (inputs.found.confirmed if inputs.found is not None else ())[:_CAUSES]:
        cause = group.get("cause") or {}
        if cause.get("action") and cause.get("cause") != "unexplained":
            why = plain(cause.get("reason") or CAUSES.get(cause.get("cause", ""), ""), 600)
            yield NextStep(plain(group["title"], 200), f"{plain(cause['action']).capitalize()}.", why)
    if inputs.batch is not None and len(inputs.batch.queue):
        images = len(inputs.batch.queue)
        action = f"Label the {count(images)} {'image' if images == 1 else 'images'} of the batch below."
        yield NextStep("", action, "They are like what fails, and unlike what is labelled already.")


def _not_blocking(inputs: ReportInputs, broken: _Broken | None) -> Iterator[NextStep]:
    rest = [one for one in inputs.verdict.decisions if not one.blocking]
    for decision in rest:
        if decision.waiver:
            until = plain(decision.waiver.get("expires", "it expires"))
            owner = plain(decision.waiver.get("owner", "its owner"))
            action = f"Repair before {until}: {owner} waived this failure until then."
            yield NextStep(plain(decision.slice), action, plain(decision.reason, 600))
    for outcome in (Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE):
        yield from (_for(one, broken) for one in rest if one.outcome is outcome)


def _for(decision: Decision, broken: _Broken | None) -> NextStep:
    subject = plain(
        decision.slice if decision.class_ is None else f"{decision.slice}, class {decision.class_}"
    )
    return NextStep(subject, _action(decision, broken), plain(decision.reason, 600))


_ACTIONS = {
    "data": "Clean the data: remove, relabel or accept what this check found, then evaluate again.",
    "gap": "Close the gap: add more or better labelled training images of this family's weakest slice.",
}


def _action(decision: Decision, broken: _Broken | None) -> str:
    if decision.outcome is Outcome.ERROR:
        return "Find out why this could not be judged; until then it blocks."
    if decision.outcome is Outcome.INCONCLUSIVE or decision.type == "coverage":
        return _more_samples(decision)
    if decision.type in _ACTIONS:
        return _ACTIONS[decision.type]
    lost = broken.focus.get(decision.slice, 0) if broken is not None else 0
    if decision.type in PAIRED and broken is not None and lost:
        images = "image" if lost == 1 else "images"
        return f"Look at the {count(lost)} {images} here {broken.words}, then add training images like them."
    display = metric_display(decision.metric or "")
    verb = "Raise" if display.higher_is_better else "Lower"
    return (
        f"{verb} {display.label} here: look at the errors of this slice, then add training images like them."
    )


def _more_samples(decision: Decision) -> str:
    if decision.n_needed is None:
        return "Label more evaluation images of this slice."
    more = decision.n_needed
    return f"Label about {count(more)} more evaluation {'image' if more == 1 else 'images'} of this slice."

"""A policy told from beginning to end, for whoever does not read YAML."""

from collections.abc import Iterator

from seatrial.gates.explain import doubts, explain
from seatrial.gates.policy import Policy
from seatrial.gates.scenario import Scenario
from seatrial.gates.wording import Words
from seatrial.slices import Bins, SliceSpec

__all__ = ["narrate"]


def narrate(policy: Policy) -> Iterator[tuple[str, list[str]]]:
    """Tell a policy from beginning to end: titles, each with its sentences."""
    yield "What is judged", list(_subject(policy))
    yield "How sure it has to be", list(_certainty(policy))
    if policy.slices:
        yield "Slices", [f"{name}: {_chooses(spec)}" for name, spec in policy.slices.items()]
    if policy.scenarios:
        yield "Scenarios", [f"{name}: {_freezes(one, policy)}" for name, one in policy.scenarios.items()]
    yield "What a candidate has to show", explain(policy)
    doubtful = list(doubts(policy))
    if doubtful:
        yield "What is likely not meant", doubtful


def _subject(policy: Policy) -> Iterator[str]:
    if policy.task is not None:
        yield f"A model for {policy.task}."
    if policy.task == "detection":
        point = policy.detection
        yield f"A prediction counts from a score of {point.score:g}, a hit from an overlap of {point.iou:g}."
    missing = {
        "skip": "rules that compare are skipped where there is none yet",
        "error": "where there is none, rules that compare are errors",
    }[policy.baseline.on_missing]
    yield f"It is compared with the model that the alias {policy.baseline.alias!r} points at; {missing}."


def _certainty(policy: Policy) -> Iterator[str]:
    alpha = policy.statistics.alpha
    yield (
        f"Intervals hold the truth in {(1 - alpha) * 100:g} of 100 cases; tests are made at level {alpha:g}."
    )
    together = policy.dataset.group or "group"
    yield f"Samples with the same {together} count as one, where the data have such a column."
    most = policy.dataset.max_uses
    if most is not None:
        levels = [f"{policy.alpha_of(use):.2g}" for use in (1, min(2, most), most)]
        yield (
            f"A data set may judge {most} times. The more often it has, the less each time counts: the first "
            f"use is judged at level {levels[0]}, the second at {levels[1]}, the last at {levels[2]}; "
            f"all together stay below {alpha:g}."
        )
    enough = {"block": "refuses a candidate", "warn": "is reported only"}[policy.defaults.on_inconclusive]
    yield (
        f"What rests on fewer than {policy.defaults.min_n} samples is inconclusive, which {enough} where a "
        "rule does not say otherwise."
    )


def _chooses(spec: SliceSpec) -> str:
    what = "objects" if spec.level == "object" else "samples"
    if spec.ids is not None:
        return f"{len(spec.ids)} frozen samples"
    where = f" where {spec.where}" if spec.where is not None else ""
    if spec.cluster is not None:
        width = len(spec.cluster.numbers)
        where += f" near a centre among the embeddings of model {spec.cluster.model} ({width} numbers)"
    if spec.by is None:
        text = f"the {what}{where}"
    else:
        parts = " and ".join(_divides(name, bins) for name, bins in spec.by.items())
        text = f"the {what}{where}, one slice for each {parts}"
    if spec.discovered is not None:
        found = spec.discovered
        text += (
            f"; discovered by {found.by} among {found.searched} candidates, "
            f"{'confirmed' if found.confirmed is not None else 'not confirmed'} on the other half of the data"
        )
    return text


def _divides(name: str, bins: Bins | None) -> str:
    if bins is None:
        return f"value of {name}"
    if bins.edges is not None:
        return f"of the {len(bins.edges) + 1} ranges of {name}"
    kind = "as many samples" if bins.bins == "quantile" else "the same width"
    return f"of {bins.n} ranges of {name} (of {kind})"


def _freezes(scenario: Scenario, policy: Policy) -> str:
    words = Words(scenario.expect, 1 - policy.statistics.alpha)
    side = "at least" if scenario.expect.min is not None else "at most"
    count = len(scenario.samples)
    since = f", frozen on {scenario.added}" if scenario.added is not None else ""
    return (
        f"{words.name} of {side} {words.limit(scenario.expect.limit)} on {count} "
        f"sample{'' if count == 1 else 's'}{since}, because: {scenario.because}"
    )

"""Scenarios that a group of failures could become."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.datasets import Task
from seatrial.mining.edge_cases.targets import OTHERS, Target
from seatrial.mining.failures import Failures

__all__ = ["MOST_FROZEN", "SOLVED_BY", "Proposal", "proposals", "rounded_down"]

#: Samples that one scenario freezes, at most: the worst.
MOST_FROZEN = 50

#: The metric that says whether the samples of a scenario are solved.
SOLVED_BY: dict[Task, str] = {
    "classification": "accuracy",
    "detection": "recall",
    "segmentation": "miou_per_image",
}

_WORDS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Proposal:
    """A scenario that somebody may accept.

    Attributes:
        name: A name that can stand in a file.
        because: Why it would be frozen.
        ids: Samples, the worst first.
        expect: What would solve it: ``metric`` and ``min``.
    """

    name: str
    because: str
    ids: tuple[str, ...]
    expect: dict[str, Any]


def proposals(failures: Failures, targets: Sequence[Target]) -> list[Proposal]:
    """Propose a scenario for each group of failures but the rest.

    Solved is what a model does on these samples as well as the evaluated one did on all: accuracy, recall or
    mean IoU, rounded down to hundredths.
    """
    expect = {"metric": SOLVED_BY[failures.task], "min": rounded_down(_overall(failures))}
    taken: set[str] = set()
    found = []
    for one in targets:
        if one.name == OTHERS:
            continue
        ids = tuple(dict.fromkeys(failures.id[failures.worst_first(one.units)].tolist()))[:MOST_FROZEN]
        because = f"{len(one)} failures of the group {one.name!r}"
        found.append(Proposal(_slug(one.name, taken), because, ids, dict(expect)))
    return found


def rounded_down(value: float) -> float:
    """Round a metric down to hundredths, so that who reaches the value reaches what is expected."""
    return math.floor(value * 100) / 100


def _overall(failures: Failures) -> float:
    """Give the metric of :data:`SOLVED_BY` on all units."""
    match failures.task:
        case "classification":
            return 1 - float(failures.error.mean())
        case "detection":
            real = failures.truth < len(failures.classes)
            return 1 - float(failures.error[real].mean()) if real.any() else 0.0
        case "segmentation":
            return float((1 - failures.loss).mean())


def _slug(name: str, taken: set[str]) -> str:
    words = _WORDS.sub("-", name.partition(":")[0].lower()).strip("-") or "group"
    slug, number = words[:60].strip("-"), 2
    while slug in taken:
        slug, number = f"{words[:56].strip('-')}-{number}", number + 1
    taken.add(slug)
    return slug

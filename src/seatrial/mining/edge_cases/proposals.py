"""Scenarios that a group of failures could become."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seatrial.mining.edge_cases.targets import OTHERS, Target
from seatrial.mining.failures import Failures

__all__ = ["Proposal", "proposals"]

#: Samples that are frozen of a group, at most: the worst.
_MOST = 50

#: What a model does well elsewhere it has to do on the frozen samples, rounded down to this.
_DIGITS = 2

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
    metric, value = _overall(failures)
    least = math.floor(value * 10**_DIGITS) / 10**_DIGITS
    taken: set[str] = set()
    found = []
    for one in targets:
        if one.name == OTHERS:
            continue
        order = one.units[np.argsort(-failures.loss[one.units], kind="stable")]
        ids = tuple(dict.fromkeys(failures.id[order].tolist()))[:_MOST]
        because = f"{len(one)} failures of the group {one.name!r}"
        found.append(Proposal(_slug(one.name, taken), because, ids, {"metric": metric, "min": least}))
    return found


def _overall(failures: Failures) -> tuple[str, float]:
    match failures.task:
        case "classification":
            return "accuracy", 1 - float(failures.error.mean())
        case "detection":
            real = failures.truth < len(failures.classes)
            return "recall", 1 - float(failures.error[real].mean()) if real.any() else 0.0
        case "segmentation":
            return "miou_per_image", float((1 - failures.loss).mean())


def _slug(name: str, taken: set[str]) -> str:
    words = _WORDS.sub("-", name.partition(":")[0].lower()).strip("-") or "group"
    slug, number = words[:60].strip("-"), 2
    while slug in taken:
        slug, number = f"{words[:56].strip('-')}-{number}", number + 1
    taken.add(slug)
    return slug

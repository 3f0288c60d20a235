"""What a mean over classes would be on everything, had it only the classes of a slice.

A slice that lacks the hard classes looks better than the whole for that alone. Beside the slice's mean, the
mean over the same classes on everything tells how much of the difference is one of samples.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seatrial.metrics import Computed
from seatrial.metrics.sufficient import Key
from seatrial.slices.report import ALL, Role

__all__ = ["ClassMatched"]

#: Metrics by class whose value overall is another than the mean of those of the classes that have one.
_NO_MEANS = frozenset({"precision", "f1", "fp_per_image", "miou_per_image"})


class ClassMatched:
    """Values on everything over the classes of each slice; ``all`` comes first.

    Args:
        roles: What the models are called.
    """

    def __init__(self, roles: Sequence[Role]) -> None:
        self._roles = roles
        self._whole: tuple[dict[str, dict[str, float]], ...] = ()
        self._entries: list[dict[str, Any]] = []

    def add(self, name: str, points: Sequence[Mapping[Key, Computed]]) -> None:
        """Take a slice's values under weights of one, by class, too, of each model."""
        by_class = tuple(_by_class(of_model) for of_model in points)
        if name == ALL:
            self._whole = by_class
            return
        for role, whole, here in zip(self._roles, self._whole, by_class, strict=False):
            for metric, values in whole.items():
                common = [value for class_, value in values.items() if class_ in here.get(metric, {})]
                if common and len(common) < len(values):
                    self._entries.append(
                        {
                            "slice": name,
                            "model": role,
                            "metric": metric,
                            "classes": len(common),
                            "of": len(values),
                            "value": float(np.mean(common)),
                        }
                    )

    def entries(self) -> tuple[dict[str, Any], ...]:
        """Give what was found; there is nothing for a slice that has all classes, or none of them.

        Returns:
            ``slice``, ``model``, ``metric``, over how many ``classes`` ``of`` how many, and the ``value``.
        """
        return tuple(self._entries)


def _by_class(points: Mapping[Key, Computed]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (metric, class_), one in points.items():
        if class_ is not None and not one.reason and metric not in _NO_MEANS:
            found.setdefault(metric, {})[class_] = float(one.values[0])
    return found

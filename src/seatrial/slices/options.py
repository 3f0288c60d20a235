"""How slices are measured."""

from dataclasses import dataclass
from typing import Literal

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.metrics import metric, task_metrics
from seatrial.spelling import one_of

__all__ = ["MeasureOptions"]


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """How to measure.

    Attributes:
        confidence: Coverage of every interval, in (0, 1).
        replicates: Bootstrap replicates; 0 for points and the intervals that need no bootstrap.
        seed: Of the bootstrap.
        metrics: Which metrics; None for all of the task.
        per_class_limit: With more classes than this, values by class are measured on ``all`` only.
        group: Column whose samples belong together and are drawn together; None for ``group``.
        score: Detection: least score of a prediction at the operating point, in [0, 1].
        iou: Detection: least overlap with an object at which a prediction finds it, in (0, 1].
        geometry: Detection: whether boxes or masks overlap.
    """

    confidence: float = 0.95
    replicates: int = 1000
    seed: int = 7
    metrics: tuple[str, ...] | None = None
    per_class_limit: int = 20
    group: str | None = None
    score: float = 0.5
    iou: float = 0.5
    geometry: Literal["box", "mask"] = "box"

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: One is out of range, or a metric is unknown.
        """
        if not 0 < self.confidence < 1:
            raise InputError(f"confidence: expected a share between 0 and 1, got {self.confidence}")
        if self.replicates < 0:
            raise InputError(f"replicates: expected 0 or more, got {self.replicates}")
        if not 0 <= self.score <= 1:
            raise InputError(f"score: expected a number from 0 to 1, got {self.score}")
        if not 0 < self.iou <= 1:
            raise InputError(f"iou: expected a number above 0 and up to 1, got {self.iou}")
        for name in self.metrics or ():
            metric(name)

    def of_task(self, task: Task) -> tuple[str, ...]:
        """Name the metrics to measure, in the order in which reports list them.

        Raises:
            InputError: One that was asked for is none of the task.
        """
        known = task_metrics(task)
        for name in self.metrics or ():
            if name not in known:
                raise InputError(one_of(name, known, f"a metric of {task}"))
        return tuple(name for name in known if self.metrics is None or name in self.metrics)

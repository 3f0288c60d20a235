"""How slices are measured."""

from dataclasses import dataclass

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.metrics import metric, task_metrics

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
    """

    confidence: float = 0.95
    replicates: int = 1000
    seed: int = 7
    metrics: tuple[str, ...] | None = None
    per_class_limit: int = 20
    group: str | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: One is out of range, or a metric is unknown.
        """
        if not 0 < self.confidence < 1:
            raise InputError(f"confidence: expected a share between 0 and 1, got {self.confidence}")
        if self.replicates < 0:
            raise InputError(f"replicates: expected 0 or more, got {self.replicates}")
        for name in self.metrics or ():
            metric(name)

    def of_task(self, task: Task) -> tuple[str, ...]:
        """Name the metrics to measure, in the order in which reports list them."""
        return tuple(name for name in task_metrics(task) if self.metrics is None or name in self.metrics)

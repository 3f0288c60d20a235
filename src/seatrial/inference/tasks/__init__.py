"""What a run keeps of each image, and how that becomes an evaluation: one class a task."""

from seatrial.inference.tasks.choice import task_run
from seatrial.inference.tasks.contract import Batch, Started, TaskRun

__all__ = ["Batch", "Started", "TaskRun", "task_run"]

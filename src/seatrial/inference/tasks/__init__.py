"""What a run keeps of each image, and how that becomes an evaluation: one class a task."""

from seatrial.inference.tasks.choice import task_run
from seatrial.inference.tasks.contract import Batch, BatchRun, Started, TaskRun

__all__ = ["Batch", "BatchRun", "Started", "TaskRun", "task_run"]

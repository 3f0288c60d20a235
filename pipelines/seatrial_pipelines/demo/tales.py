"""The tales by their task."""

from seatrial.datasets import Task
from seatrial_pipelines.demo.tale import Tale

__all__ = ["tale_of"]


def tale_of(task: Task) -> Tale:
    """Find the tale of a task; only that one is imported."""
    match task:
        case "classification":
            from seatrial_pipelines.demo.solar_cells.tale import SolarCells

            return SolarCells()
        case "detection":
            from seatrial_pipelines.demo.crossing.detection import Detection

            return Detection()
        case "segmentation":
            from seatrial_pipelines.demo.crossing.segmentation import Segmentation

            return Segmentation()

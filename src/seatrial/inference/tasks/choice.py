"""The task of a run by its name."""

from seatrial.datasets import DatasetManifest
from seatrial.inference.load import LoadedModel
from seatrial.inference.tasks.classification import Classification
from seatrial.inference.tasks.contract import TaskRun
from seatrial.inference.tasks.detection import Detection
from seatrial.inference.tasks.segmentation import Segmentation

__all__ = ["task_run"]


def task_run(model: LoadedModel, manifest: DatasetManifest) -> TaskRun:
    """Prepare what the data set's task makes of the model's output.

    Raises:
        InputError: The model's classes, or its preprocessing, do not fit the data set.
    """
    match manifest.task:
        case "classification":
            return Classification.of(model, manifest)
        case "detection":
            return Detection.of(model, manifest)
        case "segmentation":
            return Segmentation.of(model, manifest)

"""The contract of an adapter."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from seatrial.datasets import Task
from seatrial.inference.network import InputShape

__all__ = [
    "UNIT_RANGE",
    "Adapter",
    "DetectionAdapter",
    "Detections",
    "Inputs",
    "SegmentationAdapter",
    "fixed_size",
]

#: Preprocessing of models that normalise by themselves, or not at all.
UNIT_RANGE = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model was given.

    Attributes:
        count: Images in the batch.
        height: Of each image as it went into the model, in pixels.
        width: Likewise.
        classes: The model's class names, in its order.
    """

    count: int
    height: int
    width: int
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detections:
    """What a model found in one image: k objects.

    Attributes:
        boxes: Shape (k, 4): x1, y1, x2, y2 in pixels of the model's input, which Seatrial takes back to the
            image's own.
        scores: Shape (k,), in [0, 1].
        labels: Codes of the model's classes, from 0, shape (k,).
        masks: Shape (k, height, width), in [0, 1], of the input's size; above one half is the object. None
            where there are only boxes.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor
    masks: Tensor | None = None


class Adapter(BaseModel, ABC):
    """What every adapter has: options, which are its fields, and how its models want images.

    Attributes:
        task: What its models do.
        takes: ``batch``, a tensor of shape (n, 3, height, width), or ``list``, n tensors of shape
            (3, height, width), as torchvision's detectors.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: ClassVar[Task]
    takes: ClassVar[Literal["batch", "list"]] = "batch"

    def preprocess(self, shape: InputShape) -> dict[str, Any]:
        """Give the fields of ``preprocess`` that fit its models; those that a user sets win.

        Args:
            shape: Channels, height and width that the model takes; None where it takes any.
        """
        return {"resize": fixed_size(shape), "crop": None, **UNIT_RANGE}


class DetectionAdapter(Adapter):
    """Turns what a detector returns for a batch into boxes, scores and classes.

    Attributes:
        score: Objects of a lower score are left out. Cutting at a high score lowers AP.
        max_detections: The objects of the highest scores that are kept of an image.
        clip: Cut boxes off at the image's border; what lies wholly outside is left out, and counted.
    """

    task = "detection"

    score: Annotated[float, Field(ge=0, le=1)] = 0.001
    max_detections: Annotated[int, Field(ge=1)] = 300
    clip: bool = True

    @abstractmethod
    def read(self, output: Any, inputs: Inputs) -> list[Detections]:
        """Read what the model returned for a batch.

        Args:
            output: As the model returned it, on its device; of an ONNX file a mapping of the graph's output
                names to tensors, in the graph's order.
            inputs: What the model was given.

        Returns:
            What was found in each of ``inputs.count`` images.

        Raises:
            ModelError: The output is not what it should be, see
                :func:`~seatrial.inference.adapters.unexpected`.
        """


class SegmentationAdapter(Adapter):
    """Turns what a segmenter returns for a batch into class values of pixels.

    Attributes:
        keep_masks: Keep the predicted masks in the evaluation, to look at.
    """

    task = "segmentation"

    keep_masks: bool = False

    @abstractmethod
    def read(self, output: Any, inputs: Inputs) -> Tensor:
        """Read what the model returned for a batch.

        Args:
            output: As :meth:`DetectionAdapter.read` gets it.
            inputs: What the model was given.

        Returns:
            Values of shape (n, classes, h, w) that are larger the likelier the class; h and w may be smaller
            than the input's.

        Raises:
            ModelError: The output is not what it should be.
        """


def fixed_size(shape: InputShape) -> tuple[int, int] | None:
    """Height and width of a model that takes only one size; else None."""
    _, height, width = shape
    return (height, width) if height is not None and width is not None else None

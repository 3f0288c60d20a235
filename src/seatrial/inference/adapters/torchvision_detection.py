"""Adapter ``torchvision``: lists of dictionaries, as torchvision's detectors return them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from seatrial.inference.adapters.adapter import DetectionAdapter, Detections, Inputs
from seatrial.inference.adapters.expectation import unexpected

__all__ = ["TorchvisionAdapter"]

_BOX = 2
_NAMES = ("boxes", "scores", "labels")


class TorchvisionAdapter(DetectionAdapter):
    """Reads a dictionary of ``boxes``, ``labels``, ``scores`` and perhaps ``masks`` for each image.

    The models resize and normalise by themselves, so images go in as they are. A scripted model returns its
    losses beside the list, which are left out.

    Attributes:
        class_offset: Number of the first class; torchvision's detectors keep 0 for the background.
    """

    takes: ClassVar[Literal["batch", "list"]] = "list"

    class_offset: Annotated[int, Field(ge=0)] = 1

    def read(self, output: Any, inputs: Inputs) -> list[Detections]:
        """Read the dictionaries."""
        found = output
        if isinstance(output, tuple) and len(output) == 2 and isinstance(output[0], Mapping):  # noqa: PLR2004 - losses, detections
            found = output[1]
        if not isinstance(found, Sequence) or len(found) != inputs.count:
            raise unexpected(_expected(inputs), output)
        return [self._image(one, inputs, output) for one in found]

    def _image(self, one: Any, inputs: Inputs, output: Any) -> Detections:
        if not isinstance(one, Mapping) or not all(isinstance(one.get(name), Tensor) for name in _NAMES):
            raise unexpected(_expected(inputs), output)
        boxes, scores, labels = (one[name] for name in _NAMES)
        if boxes.ndim != _BOX or boxes.shape[1] != 4 or not len(boxes) == len(scores) == len(labels):  # noqa: PLR2004 - x1, y1, x2, y2
            raise unexpected(_expected(inputs), output)
        masks = one.get("masks")
        likely = scores.isnan() | (scores >= self.score)  # what is no number is found, and told, later
        return Detections(
            boxes[likely],
            scores[likely],
            labels[likely] - self.class_offset,
            masks[likely].flatten(1, 2) if isinstance(masks, Tensor) and masks.shape[1:2] == (1,) else None,
        )


def _expected(inputs: Inputs) -> str:
    return (
        f"a list of {inputs.count} mappings, each with boxes (k, 4), scores (k,) and labels (k,), masks "
        "(k, 1, height, width) if any"
    )

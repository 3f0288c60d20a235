"""The one number of a model's output that is explained, task by task, and how likely the truth is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.adapters.adapter import Inputs
from seatrial.inference.network import read_output
from seatrial.inference.predictions import check_shape, to_probabilities
from seatrial.inference.preprocess import Placement
from seatrial.inference.saliency.request import Box, Request
from seatrial.inference.tasks import TaskRun
from seatrial.inference.tasks.classification import Classification
from seatrial.inference.tasks.detection import Detection
from seatrial.inference.tasks.reading import reading
from seatrial.inference.tasks.segmentation import Segmentation

__all__ = ["Asked", "Scores", "scores_of"]

#: Overlap from which a prediction is about an object at all, and from which it finds it.
_ABOUT, _FOUND = 0.1, 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way through the model.

    Attributes:
        request: What is wanted.
        placed: Where its image lies in the model's input.
        core: Core pixels of the input, shape (height, width); None where nothing says what is core.
    """

    request: Request
    placed: Placement
    core: NDArray[np.bool_] | None


class Scores(Protocol):
    """Reads a model's output for the sake of explaining it."""

    def explained(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        """Give the score that is explained of each image, shape (n,); NaN where the output has none."""

    def truth(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        """Give the probability of the truth, shape (n,), in [0, 1]; NaN where there is no truth."""

    def target(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        """Give the probability of the target, shape (n,), in [0, 1]; NaN where the output has none."""


def scores_of(task: TaskRun) -> Scores:
    """Choose how the output of a task's models is read."""
    match task:
        case Classification():
            return _OfClasses(task)
        case Detection():
            return _OfObjects(task)
        case Segmentation():
            return _OfPixels(task)
        case _:
            raise TypeError(f"no such task: {type(task).__name__}")


@dataclass(frozen=True)
class _OfClasses:
    """The log-odds of a class: what speaks for it against all others.

    A logit alone says nothing of a decision that rests on what speaks against the other classes.
    """

    task: Classification

    def explained(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        values = self._values(raw, asked).float()
        if self.task.outputs == "probabilities":
            values = values.clamp_min(torch.finfo(values.dtype).tiny).log()
        targets = [one.request.target for one in asked]
        chosen = _picked(values, targets)
        if values.shape[1] == 1:
            return chosen
        its_own = torch.nn.functional.one_hot(torch.tensor(targets), values.shape[1]).bool()
        return chosen - values.masked_fill(its_own.to(values.device), -torch.inf).logsumexp(dim=1)

    def truth(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        return self._probability(raw, asked, [one.request.truth for one in asked])

    def target(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        return self._probability(raw, asked, [one.request.target for one in asked])

    def _probability(self, raw: Any, asked: Sequence[Asked], codes: Sequence[int | None]) -> Tensor:
        return _picked(to_probabilities(self._values(raw, asked), self.task.outputs), codes)

    def _values(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        values = read_output(raw).values
        check_shape(values, len(asked), self.task.classes, named_by_user=self.task.named_by_user)
        return values


@dataclass(frozen=True)
class _OfObjects:
    """The score of the prediction that is most about a box: overlap times score."""

    task: Detection

    def explained(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        return self._best(raw, asked, [one.request.target for one in asked], _ABOUT)

    def truth(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        """Give the score of what finds the object as its class; 0 where nothing does."""
        found = self._best(raw, asked, [one.request.truth for one in asked], _FOUND)
        known = [one.request.truth is not None and one.request.box is not None for one in asked]
        return torch.where(torch.tensor(known, device=found.device), found.nan_to_num(0.0), torch.nan)

    def target(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        return self._best(raw, asked, [one.request.target for one in asked], _ABOUT).nan_to_num(0.0)

    def _best(self, raw: Any, asked: Sequence[Asked], codes: Sequence[int | None], overlap: float) -> Tensor:
        width, height = asked[0].placed.frame
        inputs = Inputs(len(asked), height, width, self.task.class_map.model)
        found = reading(
            self.task.name, self.task.adapter.read, raw, inputs, [one.request.id for one in asked]
        )
        ours = torch.as_tensor(self.task.class_map.codes, device=found[0].scores.device)
        chosen = []
        for one, objects, code in zip(asked, found, codes, strict=True):
            box = one.request.box
            nothing = objects.scores.new_full((), torch.nan)
            if box is None or code is None or not len(objects.scores):
                chosen.append(nothing)
                continue
            overlaps = _overlaps(objects.boxes.detach(), _placed_box(box, one.placed))
            about = (
                overlaps * objects.scores.detach() * (ours[objects.labels] == code) * (overlaps >= overlap)
            )
            best = int(about.argmax())
            chosen.append(objects.scores[best].float() if about[best] > 0 else nothing)
        return torch.stack(chosen)


@dataclass(frozen=True)
class _OfPixels:
    """The mean class value of the pixels that are predicted as the class."""

    task: Segmentation

    def explained(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        values, own = self._values(raw, asked)
        scores = []
        for one, maps in zip(asked, values, strict=True):
            wanted = torch.tensor([code == one.request.target for code in own], device=maps.device)
            region = wanted[maps.detach().argmax(dim=0)]
            scores.append(maps[wanted].amax(dim=0)[region].mean())  # NaN where no pixel is predicted so
        return torch.stack(scores)

    def truth(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        values, _ = self._values(raw, asked)
        return values.new_full((len(asked),), torch.nan)

    def target(self, raw: Any, asked: Sequence[Asked]) -> Tensor:
        """Give the share of the pixels predicted as the class."""
        values, own = self._values(raw, asked)
        codes = torch.tensor(own, device=values.device)[values.argmax(dim=1)]
        targets = torch.tensor([one.request.target for one in asked], device=values.device)
        return (codes == targets[:, None, None]).float().mean((1, 2))

    def _values(self, raw: Any, asked: Sequence[Asked]) -> tuple[Tensor, list[int]]:
        width, height = asked[0].placed.frame
        inputs = Inputs(len(asked), height, width, self.task.class_map.model)
        ids = [one.request.id for one in asked]
        values = reading(self.task.name, self.task.adapter.read, raw, inputs, ids)
        places = {name: code for code, name in enumerate(self.task.classes)}
        return values.float(), [places[name] for name in self.task.class_map.model]


def _picked(values: Tensor, codes: Sequence[int | None]) -> Tensor:
    for code in codes:
        if code is not None and not 0 <= code < values.shape[1]:
            raise ModelError(f"expected a class code from 0 to {values.shape[1] - 1}, got {code}")
    chosen = values[torch.arange(len(values)), [0 if code is None else code for code in codes]]
    known = torch.tensor([code is not None for code in codes], device=values.device)
    return torch.where(known, chosen, torch.nan)


def _placed_box(box: Box, placed: Placement) -> tuple[float, float, float, float]:
    """Take a box x, y, width, height of the image to x1, y1, x2, y2 of the model's input."""
    across, down = (small / whole for small, whole in zip(placed.resized, placed.original, strict=True))
    x, y, width, height = box
    left, top = x * across + placed.left, y * down + placed.top
    return left, top, left + width * across, top + height * down


def _overlaps(boxes: Tensor, box: Sequence[float]) -> Tensor:
    """Give the IoU of each of k boxes x1, y1, x2, y2 with one, shape (k,)."""
    other = boxes.new_tensor(box)
    sides = (torch.minimum(boxes[:, 2:], other[2:]) - torch.maximum(boxes[:, :2], other[:2])).clamp_min(0)
    both = sides.prod(dim=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp_min(0).prod(dim=1) + (other[2:] - other[:2]).prod()
    return both / (areas - both).clamp_min(torch.finfo(boxes.dtype).eps)

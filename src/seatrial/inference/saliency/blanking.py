"""What a model says of images of which something is blanked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.errors import ModelError
from seatrial.inference.chunk import ImageRow
from seatrial.inference.decoding import DecodedImage, decode
from seatrial.inference.device import is_out_of_memory
from seatrial.inference.forward import Forward
from seatrial.inference.load import LoadedModel
from seatrial.inference.saliency.request import Request
from seatrial.inference.saliency.scores import Asked, Scores
from seatrial.inference.saliency.windows import Windows, blank, median_colour

__all__ = ["Blanking", "Tried", "attempt"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What blanking windows of an image changed.

    Attributes:
        patch_flip: The most that a window adds to the truth's probability; NaN where it was not tried.
        window: Number of that window; None where it was not tried.
        transplant: What pasting it into other images adds to the target's probability there; NaN where it was
            not tried.
        salience: What each place costs the target, shape (height, width); None where it was not wanted.
    """

    patch_flip: float = np.nan
    window: int | None = None
    transplant: float = np.nan
    salience: Tensor | None = None


@dataclass
class Blanking:
    """Blanks parts of images and runs the model as it is evaluated.

    Attributes:
        model: The model.
        forward: Brings pixels to its device.
        scores: Reads its output.
        windows: What is blanked to find out what a place matters.
        batch_size: Images in a batch at most.
        references: Images that the model has right, and what is known of them.
    """

    model: LoadedModel
    forward: Forward
    scores: Scores
    windows: Windows
    batch_size: int
    references: tuple[tuple[Request, NDArray[np.uint8]], ...] = ()

    def take_references(self, requests: Sequence[Request]) -> None:
        """Read the images into which windows are pasted; those that cannot be read are left out."""
        rows = [ImageRow(one.id, one.uri) for one in requests]
        images = [decode(row, self.model.options.preprocess) for row in rows]
        pairs = zip(requests, images, strict=True)
        self.references = tuple((one, image.pixels) for one, image in pairs if image.failure is None)

    def flips(
        self, pixels: Tensor, asked: Sequence[Asked], images: Sequence[DecodedImage]
    ) -> NDArray[np.float64]:
        """Say what blanking all but the core adds to the truth's probability; NaN where that is unknown.

        What is blanked gets its own median colour: a background keeps its look, and what stands out goes.

        Args:
            pixels: Shape (n, 3, height, width), normalised.
            asked: What is wanted of each.
            images: The first of them as decoded, m; what follows is padding.

        Returns:
            Shape (m,).
        """
        found = np.full(len(images), np.nan)
        cored = np.array([one.core is not None and one.request.truth is not None for one in asked])
        if not cored[: len(images)].any():
            return found
        outside = np.stack([_outside(one.core, pixels) for one in asked])
        colours = [median_colour(one.pixels, where) for one, where in zip(images, outside, strict=False)]
        where = torch.from_numpy(outside).to(pixels.device)
        blanked = blank(pixels, where, self._normalised(colours, len(pixels)))
        change = self._said(blanked, asked)[0] - self._said(pixels, asked)[0]
        return np.where(cored, change, np.nan)[: len(images)]

    def tried(self, pixels: Tensor, asked: Asked, image: DecodedImage, *, salience: bool) -> Tried:
        """Blank window after window of one image, with the median colour of the image.

        Args:
            pixels: Shape (3, height, width), normalised.
            asked: What is wanted of it.
            image: As decoded.
            salience: Whether to say what each place costs the target.
        """
        for_truth = asked.request.try_windows and asked.request.truth is not None
        if not salience and not for_truth:
            return Tried()
        masks = self.windows.masks(*pixels.shape[1:]).to(pixels.device)
        colours = self._normalised([median_colour(image.pixels)], len(masks))
        variants = torch.cat([pixels[None], blank(pixels.expand(len(masks), -1, -1, -1), masks, colours)])
        repeated = [asked] * len(variants)
        window, most, carried, costs = None, np.nan, np.nan, None
        truth, target = self._said(variants, repeated)
        if for_truth:
            change = truth[1:] - truth[0]
            if np.isfinite(change).all():
                window, most = int(change.argmax()), float(change.max())
                carried = self._transplanted(pixels, asked, image, masks[window])
        if salience:
            lost = torch.from_numpy(np.nan_to_num(target[0] - target[1:])).clamp_min(0)
            covered = masks.cpu().double()
            costs = torch.einsum("k,khw->hw", lost, covered) / covered.sum(dim=0)
        return Tried(most, window, carried, costs)

    def _transplanted(self, pixels: Tensor, asked: Asked, image: DecodedImage, window: Tensor) -> float:
        """Paste a window into references of other classes: what does that add to the target's probability?"""
        classes = {asked.request.target, asked.request.truth}
        others = [
            one
            for request, one in self.references
            if request.truth not in classes and one.shape == image.pixels.shape
        ]
        if asked.request.box is not None or not others:
            return np.nan
        plain = self.forward.on_device(others)[: len(others)]
        pasted = torch.where(window[None, None], pixels[None], plain)
        repeated = [asked] * len(others)
        gains = self._said(pasted, repeated)[1] - self._said(plain, repeated)[1]
        return float(gains.mean())

    def _said(
        self, pixels: Tensor, asked: Sequence[Asked]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run the model and give the probabilities of truth and target of each image, shape (n,)."""
        found: list[Tensor] = []
        low = self.model.network.batch.low
        size = max(self.batch_size, low)
        for start in range(0, len(pixels), size):
            part, of_part = pixels[start : start + size], list(asked[start : start + size])
            wanted = len(part)
            if wanted < low:
                part = torch.cat([part, part[-1:].expand(low - wanted, -1, -1, -1)])
                of_part += [of_part[-1]] * (low - wanted)
            part = part.contiguous(memory_format=torch.channels_last)
            given = list(part) if self.model.takes_list else part
            raw = attempt(self.model, self.model.network.forward, given).raw
            said = torch.stack([self.scores.truth(raw, of_part), self.scores.target(raw, of_part)])
            found.append(said.detach()[:, :wanted].double().cpu())
        truth, target = torch.cat(found, dim=1).numpy()
        return truth, target

    def _normalised(self, colours: Sequence[NDArray[np.uint8]], count: int) -> Tensor:
        """Take colours, shape (3,) each, to the model's input; the last one fills up to ``count``."""
        filled = [*colours, *[colours[-1]] * (count - len(colours))]
        return self.forward.on_device([one.reshape(1, 1, 3) for one in filled])[:count, :, 0, 0]


def attempt(model: LoadedModel, run: Callable[[Any], Any], pixels: Any) -> Any:
    """Run a model; whatever its own code raises names it, but for exhausted memory.

    Raises:
        ModelError: The model fails.
        RuntimeError, MemoryError: The memory does not suffice.
    """
    try:
        return run(pixels)
    except ModelError:
        raise
    except Exception as error:  # a model's own code may raise anything
        if is_out_of_memory(error):
            raise
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise ModelError(f"model {model.uri} cannot be explained: {reason}") from error


def _outside(core: NDArray[np.bool_] | None, pixels: Tensor) -> NDArray[np.bool_]:
    return np.zeros(tuple(pixels.shape[2:]), dtype=np.bool_) if core is None else ~core

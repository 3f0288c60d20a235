"""Saliency by gradients: of a feature map where there is one, of the pixels where there is none."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seatrial.inference.saliency.taps import Tap

__all__ = ["activation_maps", "input_maps"]


def activation_maps(taps: Sequence[Tap], scores: Tensor) -> tuple[list[Tensor | None], list[str | None]]:
    """Explain each score by the last layer that it depends on place by place.

    The salience of a place is the sum over channels of activation times gradient, where that is positive
    (HiResCAM: Draelos and Carin 2020, https://arxiv.org/abs/2011.08891). On a network that ends in average
    pooling and a linear layer that is Grad-CAM up to a factor; elsewhere, unlike Grad-CAM, it shows only
    places that the score really rests on.

    Args:
        taps: What layers gave for a batch, in the order in which they ran.
        scores: What is explained, shape (n,); NaN where there is none.

    Returns:
        A map of shape (rows, columns) of each image, on its device, and the name of its layer; None where no
        layer with places has a gradient.
    """
    known = torch.isfinite(scores.detach())
    maps: list[Tensor | None] = [None] * len(scores)
    layers: list[str | None] = [None] * len(scores)
    if not known.any() or not scores.requires_grad or not taps:
        return maps, layers
    values = [tap.value for tap in taps]
    gradients: tuple[Tensor | None, ...] = torch.autograd.grad(scores[known].sum(), values, allow_unused=True)
    for tap, gradient in zip(reversed(taps), reversed(gradients), strict=True):
        if gradient is None:
            continue
        placed = tap.placed(gradient.float())
        salience = (placed * tap.placed(tap.value.detach().float())).sum(dim=1).clamp_min(0)
        depends = placed.abs().amax(dim=(1, 2, 3)) > 0
        for place in torch.nonzero(depends & known).flatten().tolist():
            if layers[place] is None:
                maps[place], layers[place] = salience[place], tap.name
        if all(one is not None or not yes for one, yes in zip(layers, known.tolist(), strict=True)):
            break
    return maps, layers


def input_maps(pixels: Tensor, scores: Tensor) -> list[Tensor | None]:
    """Explain each score by the pixels: absolute gradients, summed over channels (Simonyan et al. 2013).

    Args:
        pixels: Shape (n, 3, height, width), or n of (3, height, width) stacked; part of the graph.
        scores: What is explained, shape (n,); NaN where there is none.
    """
    known = torch.isfinite(scores.detach())
    if not known.any() or not scores.requires_grad:
        return [None] * len(scores)
    gradient: Tensor | None = torch.autograd.grad(scores[known].sum(), [pixels], allow_unused=True)[0]
    if gradient is None:
        return [None] * len(scores)
    salience = gradient.float().abs().sum(dim=1)
    return [one if yes else None for one, yes in zip(salience, known.tolist(), strict=True)]

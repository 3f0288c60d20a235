"""Explanations as arrays, to be put aside while a run goes on."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seatrial.inference.chunk import Chunk
from seatrial.inference.saliency.explainer import Explained

__all__ = ["restored", "stored"]

_NUMBERS = ("core_area", "off_core", "flip", "patch_flip", "transplant")
_MAPS = ("map", "core")
_TEXTS = ("layer", "failure")


def stored(explained: Sequence[Explained], batch_size: int) -> Chunk:
    """Turn explanations into what :class:`~seatrial.inference.parts.Parts` keeps."""
    results = []
    for one in explained:
        arrays: dict[str, Any] = {"numbers": np.array([[getattr(one, name) for name in _NUMBERS]])}
        arrays["patch"] = np.array(one.patch or (), dtype=np.float64)
        for name in _MAPS:
            cells = getattr(one, name)
            arrays[name] = np.empty(0, dtype=np.uint8) if cells is None else cells.reshape(-1)
        for name in _TEXTS:
            arrays[name] = np.frombuffer((getattr(one, name) or "").encode(), dtype=np.uint8)
        results.append(arrays)
    nothing = np.empty((len(explained), 0), dtype=np.float64)
    return Chunk(np.arange(len(explained)), tuple(results), None, nothing, (), batch_size)


def restored(chunk: Chunk, side: int) -> list[Explained]:
    """Undo :func:`stored`."""
    found = []
    for one in chunk.results:
        salience, core = (one[name].reshape(side, side) if one[name].size else None for name in _MAPS)
        layer, failure = (one[name].tobytes().decode() for name in _TEXTS)
        numbers = dict(zip(_NUMBERS, one["numbers"][0].tolist(), strict=True))
        patch = None
        if one["patch"].size:
            x, y, width, height = one["patch"].tolist()
            patch = (x, y, width, height)
        found.append(Explained(salience, core, **numbers, patch=patch, layer=layer, failure=failure or None))
    return found

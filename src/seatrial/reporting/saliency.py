"""Where the candidate looked: small maps that the page lays over its pictures."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.errors import InputError
from seatrial.evaluation import Explanations
from seatrial.files import read_json
from seatrial.reporting.atlas import Atlas
from seatrial.reporting.display import plain

if TYPE_CHECKING:
    from seatrial.inference import Preprocess

__all__ = ["FoundSaliency", "saliency_payload"]

#: Bytes that a map takes in the page beside its cells: names, numbers, commas.
_BESIDE = 90
#: Characters of base64 for each three bytes.
_BASE64 = 4 / 3
_HALF = 128
_METHODS = {
    "activation": "activation maps",
    "gradient": "gradients of the pixels",
    "occlusion": "occlusion by windows",
}
#: A rise of the truth's probability that is worth a frame around the window that caused it.
_TELLING = 0.25


@dataclass(frozen=True)
class FoundSaliency:
    """What ``explain_errors`` wrote about one evaluation.

    Attributes:
        explanations: The maps.
        cells: The confusion cells of ``confusion_cells.json``, most failures first.
    """

    explanations: Explanations
    cells: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "FoundSaliency":
        """Read what the step wrote.

        Raises:
            InputError: The folder is none, or incomplete.
        """
        explanations = Explanations.read(folder)
        path = folder / "confusion_cells.json"
        document = read_json(path, "explain-errors writes it")
        if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
            raise InputError(f"{path}: expected the key 'cells' with a list, there is none")
        return cls(explanations, document["cells"])

    @property
    def side(self) -> int:
        """Cells along each side of a map."""
        return int(self.explanations.header.get("side", 0))

    @property
    def bytes_each(self) -> int:
        """Bytes that one map takes in the page, about."""
        return round(_BASE64 * self.side**2 * (1 + 1 / 8)) + _BESIDE

    @property
    def mapped(self) -> int:
        """Explanations that have a map."""
        column = self.explanations.samples.column("map")
        return int(len(column) - column.null_count)


def saliency_payload(
    found: FoundSaliency, atlas: Atlas, rows: Mapping[str, int], names: Sequence[str], *, room: int
) -> dict[str, Any] | None:
    """Give the maps of the samples that have a picture.

    Args:
        found: The maps.
        atlas: The pictures, the most telling first.
        rows: Row in the evaluation, by sample id.
        names: Names of the codes of truth and prediction that the page knows.
        room: Most bytes of all maps, as written in the page.

    Returns:
        JSON values: ``side``, ``method``, ``core``; ``frames``, each the model's input in shares of the
        picture: left, top, width, height; ``maps``, each ``[truth, prediction, cells, frame, window, core,
        share outside of the core]`` (cells uint8 in base64, core bits in base64 or null, window in shares of
        the input or null); ``of``, places of the maps by place of the picture; ``cells`` by codes of truth
        and prediction. None where no picture has a map.
    """
    samples = found.explanations.samples.to_pylist()
    place_of = {picture.row: place for place, picture in enumerate(atlas.pictures) if picture.size}
    known = [(place_of.get(rows.get(one["id"], -1), -1), one) for one in samples if one["map"] is not None]
    known = [pair for pair in known if pair[0] >= 0 and pair[1]["side"] == found.side]
    known.sort(key=lambda pair: (pair[0], pair[1]["kind"] == "right"))  # of one picture what is wrong first
    code = {name: at for at, name in enumerate(names)}
    frames: dict[tuple[float, ...], int] = {}
    maps: list[list[Any]] = []
    of: dict[int, list[int]] = {}
    preprocess = _preprocess(found.explanations.header)
    for place, one in known[: max(0, room // found.bytes_each)]:
        size = atlas.pictures[place].size
        assert size is not None
        frame = frames.setdefault(_frame(size, preprocess), len(frames))
        of.setdefault(place, []).append(len(maps))
        maps.append(_map(one, code, frame))
    if not maps:
        return None
    header = found.explanations.header
    return {
        "side": found.side,
        "method": _METHODS.get(str(header.get("method")), plain(header.get("method", ""))),
        "core": plain(header.get("core", "none")),
        "frames": [list(one) for one in frames],
        "maps": maps,
        "of": of,
        "cells": _cells(found.cells, code),
    }


def _map(one: Mapping[str, Any], code: Mapping[str, int], frame: int) -> list[Any]:
    flip, core = one["patch_flip"], one["core"]
    window = one["patch"] if one["patch"] and flip is not None and flip >= _TELLING else None
    outline = None
    if core is not None:
        outline = _packed(np.packbits(np.frombuffer(core, dtype=np.uint8) >= _HALF).tobytes())
    return [
        code.get(one["truth"]),
        code.get(one["prediction"]),
        _packed(one["map"]),
        frame,
        None if window is None else [round(float(side), 4) for side in window],
        outline,
        None if one["off_core"] is None else round(float(one["off_core"]), 4),
    ]


def _cells(cells: Iterable[Mapping[str, Any]], code: Mapping[str, int]) -> dict[str, list[list[Any]]]:
    """Give ``[kind, n, explained, [share outside of the core, low, high, n] or null, mean map]``."""
    told: dict[str, list[list[Any]]] = {}
    for one in cells:
        truth, said = code.get(one["truth"]), code.get(one["prediction"])
        mean = one.get("mean_map")
        if truth is None or said is None or not mean:
            continue
        off = one.get("off_core") or {}
        share = [off[key] for key in ("value", "low", "high", "n")] if "value" in off else None
        salience = np.asarray(mean, dtype=np.float64)
        drawn = _packed(np.round(255 * salience / max(salience.max(), 1e-9)).astype(np.uint8).tobytes())
        told.setdefault(f"{truth}-{said}", []).append(
            [plain(one["kind"], 60), one["n"], one["explained"], share, drawn]
        )
    return told


def _preprocess(header: Mapping[str, Any]) -> "Preprocess | None":
    from seatrial.inference import Preprocess

    options = header.get("preprocess")
    return None if options is None else Preprocess.model_validate(options)


def _frame(size: tuple[int, int], preprocess: "Preprocess | None") -> tuple[float, float, float, float]:
    """Say where the model's input lies: left, top, width and height in shares of the picture."""
    if preprocess is None:
        return 0.0, 0.0, 1.0, 1.0
    from seatrial.inference.preprocess import place

    put = place(size, preprocess)
    width, height = put.resized
    shares = (-put.left / width, -put.top / height, put.frame[0] / width, put.frame[1] / height)
    left, top, across, down = (round(one, 4) for one in shares)
    return left, top, across, down


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

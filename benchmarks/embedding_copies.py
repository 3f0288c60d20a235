"""Copies that are mirrored, recoloured or cropped by much, found by EfficientNet-Lite0's embeddings."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks import peers
from benchmarks.held_out_copies import SOURCES
from benchmarks.row import Row
from seatrial.quality import CheckOptions
from seatrial.quality.near import close_within

COLUMNS = ("20 copies of a kind among images", "Seatrial, by embeddings", "CleanVision", "other pairs", "how")

_DATA = Path(__file__).parents[2] / "shared" / "data"
_MODEL = _DATA / "weights_efficientnet_lite0_onnx" / "efficientnet_lite0.onnx"

_ALL = {**SOURCES, "sign_digits": _DATA / "sign_digits" / "Dataset"}

_IMAGES, _COPIED, _SIDE = 150, 20, 160
_LARGE = 1_000_000

Photo = Image.Image


def _cropped(image: Photo) -> Photo:
    x, y = (round(side * 0.1) for side in image.size)
    return image.crop((x, y, image.width - x, image.height - y))


COPIES: dict[str, Callable[[Photo], Photo]] = {
    "mirrored": ImageOps.mirror,
    "cropped by 20 %": _cropped,
    "colours exchanged": lambda image: Image.fromarray(np.asarray(image)[:, :, [1, 2, 0]]),
    "grey": lambda image: image.convert("L").convert("RGB"),
}


def rows() -> Iterator[Row]:
    """Embed images and their copies, look for close pairs, and count."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(_MODEL), providers=["CPUExecutionProvider"])
    for name, source in _ALL.items():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
        paths = [path for path in paths if path.stat().st_size < _LARGE]
        random.Random(7).shuffle(paths)
        images = [Image.open(path).convert("RGB") for path in paths[:_IMAGES]]
        vectors = [_embedded(session, image) for image in images]
        for kind, copy in COPIES.items():
            copies = [copy(image) for image in images[:_COPIED]]
            yield _counted(
                name, kind, images, copies, [*vectors, *(_embedded(session, one) for one in copies)]
            )


def _embedded(session: Any, image: Photo) -> Any:
    pixels = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), dtype=np.float32)
    return session.run(["emb"], {"x": (pixels.transpose(2, 0, 1)[None] - 127) / 128})[0][0]


def _counted(name: str, kind: str, images: list[Photo], copies: list[Photo], vectors: list[Any]) -> Row:
    close = close_within(np.array(vectors, dtype=np.float32), CheckOptions().embedding_expected)
    true = {(row, len(images) + row) for row in range(len(copies))}
    ours = set(map(tuple, close.rows.tolist()))
    theirs = _peer([*images, *copies])
    return Row(
        f"{name}, {len(images)} images, {len(copies)} copies: {kind}",
        f"{len(ours & true)} found",
        f"{len(theirs & true)} found",
        f"{len(ours - true)} and {len(theirs - true)}",
        f"pairs; up to {close.most:.2f} of the distance around, in {close.dimension:.0f} dimensions",
    )


def _peer(images: list[Photo]) -> set[tuple[int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        for row, image in enumerate(images):
            image.save(Path(folder) / f"{row}.png")
        answer = peers.call("image_checks", folder=folder, jobs=1)
    groups = [
        sorted(int(Path(one).stem) for one in some) for kind in answer["groups"].values() for some in kind
    ]
    return {(one, other) for some in groups for one in some for other in some if one < other}

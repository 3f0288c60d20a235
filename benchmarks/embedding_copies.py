"""Copies that are mirrored, recoloured or cropped by much, found by EfficientNet-Lite0's embeddings."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks import peers
from benchmarks.held_out_copies import SOURCES
from benchmarks.row import Row
from seatrial.quality import CheckOptions
from seatrial.quality.near import close_within

COLUMNS = (
    "20 copies of a kind among images",
    "Seatrial, by embeddings",
    "CleanVision",
    "our other pairs",
    "how",
)

_DATA = Path(__file__).parents[2] / "shared" / "data"
_MODEL = _DATA / "weights_efficientnet_lite0_onnx" / "efficientnet_lite0.onnx"

_ALL = {**SOURCES, "sign_digits": _DATA / "sign_digits" / "Dataset"}

_IMAGES, _COPIED, _SIDE = 100, 20, 160
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
        copies = {kind: [copy(image) for image in images[:_COPIED]] for kind, copy in COPIES.items()}
        theirs = _peer([*images, *(one for some in copies.values() for one in some)])
        for number, (kind, some) in enumerate(copies.items()):
            every = np.array([*vectors, *(_embedded(session, one) for one in some)], dtype=np.float32)
            peer = {(row, len(images) + number * _COPIED + row) for row in range(_COPIED)} & theirs
            yield _row(f"{name}, {len(images)} images, {kind}", every, len(images), len(peer))


def _embedded(session: Any, image: Photo) -> Any:
    pixels = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), dtype=np.float32)
    return session.run(["emb"], {"x": (pixels.transpose(2, 0, 1)[None] - 127) / 128})[0][0]


def _row(work: str, vectors: NDArray[np.float32], originals: int, peer: int) -> Row:
    close = close_within(vectors, CheckOptions().embedding_expected)
    true = {(row, originals + row) for row in range(_COPIED)}
    found = set(map(tuple, close.rows.tolist()))
    return Row(
        work,
        f"{len(found & true)} found",
        f"{peer} found",
        f"{len(found - true)}",
        f"pairs; up to {close.most:.2f} of the distance around, in {close.dimension:.0f} dimensions",
    )


def _peer(images: list[Photo]) -> set[tuple[int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        for row, image in enumerate(images):
            image.save(Path(folder) / f"{row}.png", compress_level=1)
        answer = peers.call("image_checks", folder=folder, jobs=1)
    groups = [
        sorted(int(Path(one).stem) for one in some) for kind in answer["groups"].values() for some in kind
    ]
    return {(one, other) for some in groups for one in some for other in some if one < other}

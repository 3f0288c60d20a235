"""The image pass beside CleanVision, on one core and two, and what it costs beyond decoding."""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import peers
from benchmarks.row import Claim, Row, seconds
from seatrial.images import ImageStore, decode_rgb, image_properties, read_images

_IMAGES, _REPEATS = 300, 3


def rows() -> Iterator[Row]:
    """Measure 640×480 JPEG files; the runs of both sides and all numbers of cores take turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        uris = _written(folder)
        data = [Path(uri).read_bytes() for uri in uris]
        _pass(uris[:8], 1)  # kernels are compiled once
        decode, _ = seconds(lambda: [decode_rgb(one) for one in data])
        one, two, theirs, agree = [], [], [], 0.0
        for _ in range(_REPEATS):
            one.append(_pass(uris, 1))
            two.append(_pass(uris, 2))
            found = peers.call("image_checks", folder=name, jobs=1)
            theirs.append(found["seconds"])
        agree = _agreement(data)
    alone, both, peer = (statistics.median(times) for times in (one, two, theirs))
    yield Row(
        "image pass, 640×480 JPEG files, one core",
        f"{_IMAGES / alone:.0f} images/s ({_IMAGES / min(one) - _IMAGES / max(one):.0f})",
        f"CleanVision {_IMAGES / peer:.0f} images/s ({_IMAGES / min(theirs) - _IMAGES / max(theirs):.0f})",
        f"{peer / alone:.1f}× as fast; decoding alone {_IMAGES / decode:.0f} images/s",
        f"brightness and its percentiles within {agree:.0e} of plain NumPy",
        (Claim("images", f"{peer / alone:.1f}×", reached=peer / alone >= 5),),
    )
    yield Row(
        "the same, two cores",
        f"{_IMAGES / both:.0f} images/s ({_IMAGES / min(two) - _IMAGES / max(two):.0f})",
        f"one core {_IMAGES / alone:.0f} images/s",
        f"{alone / both:.2f}× of {min(2, os.cpu_count() or 1)}",
        "equal bytes: `tests/unit/steps/test_image_pass.py`",
        (Claim("images_cores", f"{alone / both:.2f}× of one core", reached=alone / both >= 1.7),),
    )


def _written(folder: Path) -> list[str]:
    rng = np.random.default_rng(7)
    for number in range(_IMAGES):
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        photo = coarse.resize((640, 480), Image.Resampling.BICUBIC)
        photo.save(folder / f"{number:04}.jpg", "JPEG", quality=90)
    return [str(path) for path in sorted(folder.iterdir())]


def _pass(uris: list[str], workers: int) -> float:
    start = time.perf_counter()
    read_images(uris, ImageStore(measuring=True), workers=workers)
    return time.perf_counter() - start


def _agreement(data: list[bytes]) -> float:
    """Give the largest difference of brightness from its formula in plain float64."""
    worst = 0.0
    for one in data[:10]:
        rgb = np.asarray(Image.open(io.BytesIO(one)), dtype=np.float64)
        brightness = np.sqrt((rgb**2 * [0.241, 0.691, 0.068]).sum(axis=2)) / 255
        expected = [brightness.mean(), *np.percentile(brightness, [5, 99]), brightness.std()]
        found = image_properties(decode_rgb(one))
        names = ("brightness", "brightness_p05", "brightness_p99", "contrast")
        worst = max(worst, *(abs(found[name] - value) for name, value in zip(names, expected, strict=True)))
    return worst

"""Small real data sets for the data checks."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import DatasetManifest
from seatrial.digests import digest_bytes
from seatrial.quality import CheckInput, CheckOptions, measure


def noise(seed: int, height: int = 40, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def manifest(tmp_path):
    """Make a manifest by hand: images by id (pixels, bytes or a file's path), labels, metadata."""

    def make(
        images: Mapping[str, object],
        labels: Mapping[str, str | None] | None = None,
        *,
        classes: tuple[str, ...] = ("cat", "dog"),
        folder: str = "data",
        groups: Mapping[str, str] | None = None,
        **metadata: list,
    ) -> DatasetManifest:
        uris = [_written(tmp_path / folder, name, image) for name, image in images.items()]
        digests = [
            digest_bytes(Path(uri).read_bytes()) if uri and Path(uri).is_file() else None for uri in uris
        ]
        table = {
            "id": pa.array(images, pa.string()),
            "uri": pa.array(uris, pa.string()),
            "label": pa.array([(labels or {}).get(one, classes[0]) for one in images], pa.string()),
            "group": pa.array([(groups or {}).get(one) for one in images], pa.string()),
            "content": pa.array(digests, pa.string()),
            **metadata,
        }
        return DatasetManifest(folder, "classification", classes, pa.table(table))

    return make


def _written(folder: Path, name: str, image: object) -> str | None:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    match image:
        case None:
            return None
        case np.ndarray():
            Image.fromarray(image).save(path)
        case bytes():
            path.write_bytes(image)
        case Path():
            return str(image)
    return str(path)


@pytest.fixture
def given(tmp_path):
    """Measure manifests and make what a check looks at."""

    def make(
        data: DatasetManifest,
        reference: DatasetManifest | None = None,
        *,
        suite: dict | None = None,
        **options: float,
    ) -> CheckInput:
        pages = tmp_path / "pages"
        pages.mkdir(exist_ok=True)
        other = measure(reference) if reference else None
        return CheckInput(measure(data), other, CheckOptions(**options), pages, suite)

    return make

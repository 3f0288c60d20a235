"""A data set together with what was measured of its images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest
from seatrial.evaluation import EvaluationTable
from seatrial.images import PROPERTIES
from seatrial.quality.scan import ScannedImage, scan

__all__ = ["MeasuredDataset", "measure", "with_pixel_digests"]


@dataclass(frozen=True)
class MeasuredDataset:
    """A manifest and, row for row, what its images are like.

    Attributes:
        manifest: The data set.
        images: One row per row of the manifest: ``reason`` (string, null where the image can be read),
            ``pixels`` (string, digest of the decoded pixels, null where not computed), then the image
            properties (float64, null where there is no readable image).
        predictions: ``prediction`` and ``confidence`` per row of the manifest (null where the model gave
            none); None where no evaluation of a classifier was given.
    """

    manifest: DatasetManifest
    images: pa.Table
    predictions: pa.Table | None = None

    def __len__(self) -> int:
        return len(self.manifest)

    @property
    def ids(self) -> list[str]:
        """Sample ids, in the manifest's order."""
        return self.strings("id")  # type: ignore[return-value]  # ids are never null

    @property
    def has_images(self) -> bool:
        """Whether there is at least one image, be it broken."""
        return any(uri is not None for uri in self.strings("uri"))

    def strings(self, column: str) -> list[str | None]:
        """Give a column of the manifest, or ``reason`` or ``pixels`` of the images."""
        table = self.images if column in {"reason", "pixels"} else self.manifest.table
        values: list[str | None] = table.column(column).to_pylist()
        return values

    def property(self, name: str) -> NDArray[np.float64]:
        """Give an image property, NaN where there is no readable image."""
        return np.asarray(self.images.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)


def measure(
    manifest: DatasetManifest,
    evaluation: EvaluationTable | None = None,
    *,
    what: str = "measure images",
    workers: int | None = None,
) -> MeasuredDataset:
    """Measure a data set's images, decoding only those that an evaluation has not measured already.

    Args:
        manifest: The data set.
        evaluation: Evaluation of the same data set; its image properties, failures and predictions are
            taken over.
        what: What the progress bar says.
        workers: Threads that decode; by default one a core.
    """
    ids = manifest.table.column("id").to_pylist()
    uris = manifest.table.column("uri").to_pylist()
    known = _known(evaluation)
    missing = [row for row, one in enumerate(ids) if one not in known and uris[row] is not None]
    scanned = scan([uris[row] for row in missing], what=what, workers=workers)
    found = known | {ids[row]: image for row, image in zip(missing, scanned, strict=True)}
    images = _images([found.get(one) for one in ids])
    return MeasuredDataset(manifest, images, _predictions(ids, evaluation))


def with_pixel_digests(
    data: MeasuredDataset, rows: Sequence[int], *, what: str = "compare images", workers: int | None = None
) -> MeasuredDataset:
    """Compute the pixel digests of some rows that have none yet."""
    uris, digests = data.strings("uri"), data.strings("pixels")
    todo = [row for row in rows if digests[row] is None and uris[row] is not None]
    if not todo:
        return data
    scanned = scan([str(uris[row]) for row in todo], what=what, workers=workers)
    for row, image in zip(todo, scanned, strict=True):
        digests[row] = image.pixels or None
    index = data.images.schema.get_field_index("pixels")
    images = data.images.set_column(index, "pixels", pa.array(digests, pa.string()))
    return replace(data, images=images)


def _known(evaluation: EvaluationTable | None) -> dict[str, ScannedImage]:
    if evaluation is None or not set(PROPERTIES) <= set(evaluation.samples.column_names):
        return {}
    columns = [evaluation.samples.column(name).to_pylist() for name in PROPERTIES]
    ids = evaluation.samples.column("id").to_pylist()
    known = {
        one: ScannedImage("", dict(zip(PROPERTIES, map(float, values), strict=True)), "")
        for one, values in zip(ids, zip(*columns, strict=True), strict=True)
        if None not in values
    }
    failed = {one.id: ScannedImage(one.reason, {}, "") for one in evaluation.header.failures}
    return known | failed


def _images(rows: Sequence[ScannedImage | None]) -> pa.Table:
    def column(name: str) -> pa.Array:
        values = [None if row is None else row.properties.get(name) for row in rows]
        return pa.array(values, pa.float64())

    table: Mapping[str, pa.Array] = {
        "reason": pa.array([(row.reason or None) if row else None for row in rows], pa.string()),
        "pixels": pa.array([(row.pixels or None) if row else None for row in rows], pa.string()),
        **{name: column(name) for name in PROPERTIES},
    }
    return pa.table(table)


def _predictions(ids: Sequence[str], evaluation: EvaluationTable | None) -> pa.Table | None:
    if evaluation is None or evaluation.header.task != "classification":
        return None
    samples = evaluation.samples.select(["id", "prediction", "confidence"]).to_pylist()
    by_id = {one["id"]: one for one in samples}
    rows = [by_id.get(one, {}) for one in ids]
    return pa.table(
        {
            "prediction": pa.array([row.get("prediction") for row in rows], pa.string()),
            "confidence": pa.array([row.get("confidence") for row in rows], pa.float64()),
        }
    )

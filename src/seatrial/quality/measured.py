"""A data set together with what was measured of its images."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest
from seatrial.datasets.content import contents_of
from seatrial.evaluation import EvaluationTable
from seatrial.images import LOOK_SIDE, MEASURED, ImageStore, read_images, unmeasured

__all__ = ["MeasuredDataset", "measure"]


@dataclass(frozen=True)
class MeasuredDataset:
    """A manifest and, row for row, what its images are like.

    Attributes:
        manifest: The data set.
        images: One row per row of the manifest, with the columns of :data:`~seatrial.images.MEASURED`:
            ``reason`` (null where the image can be read), how it is stored, ``pixels`` (hash of the decoded
            pixels and their shape), ``look``, then the image properties; all of them null where there is no
            readable image.
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
        uris = self.manifest.table.column("uri")
        return bool(uris.null_count < len(uris))

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each row has an image that can be read, shape (n,)."""
        return np.asarray(self.images.column("pixels").combine_chunks().is_valid(), dtype=np.bool_)

    @property
    def looks(self) -> NDArray[np.uint8]:
        """Grey means of a square grid of each readable image, shape (readable, side, side)."""
        looks = self.images.column("look").drop_null().combine_chunks()
        flat = np.frombuffer(b"".join(looks.to_pylist()), np.uint8)
        return flat.reshape(-1, LOOK_SIDE, LOOK_SIDE)

    def strings(self, column: str) -> list[str | None]:
        """Give a column of the manifest, or a text of the images: ``reason``, ``format``, ``mode``."""
        table = self.images if column in {"reason", "format", "mode"} else self.manifest.table
        values: list[str | None] = table.column(column).to_pylist()
        return values

    def pixels(self) -> list[tuple[int, int, int] | None]:
        """Give for each row what is equal exactly for images that look the same: width, height, hash."""
        width, height = self.property("width"), self.property("height")
        hashes = self.images.column("pixels").to_pylist()
        return [
            None if one is None else (int(w), int(h), one)
            for w, h, one in zip(width, height, hashes, strict=True)
        ]

    def property(self, name: str) -> NDArray[np.float64]:
        """Give an image property, NaN where there is no readable image."""
        return np.asarray(self.images.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)


def measure(
    manifest: DatasetManifest,
    evaluation: EvaluationTable | None = None,
    *,
    store: ImageStore | None = None,
    what: str = "measure images",
    workers: int | None = None,
) -> MeasuredDataset:
    """Measure a data set's images, reading only those that the store has not measured.

    Args:
        manifest: The data set.
        evaluation: Evaluation of the same data set; its failures (a mask that could not be read, too) and
            predictions are taken over.
        store: What was measured before; where the data set was read through it, nothing is left to read.
        what: What the progress bar says.
        workers: Threads that decode; by default one a core.
    """
    measuring = replace(store or ImageStore(), measuring=True)
    images = _measured(manifest, measuring, what, workers)
    if evaluation is not None:
        images = _with_failures(manifest, images, evaluation)
    return MeasuredDataset(manifest, images, _predictions(manifest, evaluation))


def _measured(manifest: DatasetManifest, store: ImageStore, what: str, workers: int | None) -> pa.Table:
    uris = manifest.table.column("uri").to_pylist()
    contents = contents_of(manifest.table)
    unknown = ~np.asarray(store.knows(contents))
    rows = [row for row in np.flatnonzero(unknown).tolist() if uris[row] is not None]
    if not rows:
        return store.measured(contents)
    read = read_images([uris[row] for row in rows], store, what=what, workers=workers)
    order = np.arange(len(uris))
    order[rows] = len(uris) + np.arange(len(rows))
    together = pa.concat_arrays([contents, read.column("content").combine_chunks()])
    images = store.measured(together.take(pa.array(order)))
    reasons = images.column("reason").to_pylist()
    for row, reason in zip(rows, read.column("reason").to_pylist(), strict=True):
        reasons[row] = reason or reasons[row]
    return images.set_column(0, MEASURED.field("reason"), pa.array(reasons, pa.string()))


def _with_failures(manifest: DatasetManifest, images: pa.Table, evaluation: EvaluationTable) -> pa.Table:
    """Say why where an evaluation found something unreadable that is no image, such as a mask."""
    failed = {one.id: one.reason for one in evaluation.header.failures}
    if not failed:
        return images
    ids = manifest.table.column("id").to_pylist()
    known = images.column("reason").to_pylist()
    reasons = [reason or failed.get(one) for one, reason in zip(ids, known, strict=True)]
    failing = pa.array([one in failed for one in ids])
    nothing = unmeasured(len(images))
    columns = [pc.if_else(failing, nothing.column(name), images.column(name)) for name in MEASURED.names[1:]]
    return pa.table([pa.array(reasons, pa.string()), *columns], schema=MEASURED)


def _predictions(manifest: DatasetManifest, evaluation: EvaluationTable | None) -> pa.Table | None:
    if evaluation is None or evaluation.header.task != "classification":
        return None
    samples = evaluation.samples.select(["id", "prediction", "confidence"]).to_pylist()
    by_id: dict[str, dict[str, Any]] = {one["id"]: one for one in samples}
    rows = [by_id.get(one, {}) for one in manifest.table.column("id").to_pylist()]
    return pa.table(
        {
            "prediction": pa.array([row.get("prediction") for row in rows], pa.string()),
            "confidence": pa.array([row.get("confidence") for row in rows], pa.float64()),
        }
    )

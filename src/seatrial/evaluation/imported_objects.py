"""Detections made elsewhere, one by one, as files hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from seatrial.datasets import DatasetManifest
from seatrial.datasets.image_index import ImageIndex

__all__ = ["DetectionRow", "Images"]

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """One detection.

    Attributes:
        where: Its place for messages, e.g. ``"prediction 17"`` or ``"a.txt, line 3"``.
        row: The image's row in the manifest.
        code: Class code.
        box: x, y, width, height in pixels, as they are written: not checked.
        score: As it is written: not checked.
        mask: Compressed run-length encoding; None where there is only a box.
    """

    where: str
    row: int
    code: int
    box: Box
    score: float
    mask: bytes | None = None


class Images:
    """A data set's images as files of predictions speak of them.

    Args:
        manifest: The data set.
        names: What else the file of predictions calls images, by its own ids; empty where it does not say.
    """

    def __init__(self, manifest: DatasetManifest, names: Mapping[str, str] | None = None) -> None:
        self.ids: list[str] = manifest.table.column("id").to_pylist()
        others = manifest.table.column("image_id").to_pylist() if "image_id" in manifest.metadata else None
        self._index = ImageIndex(self.ids, others)
        self._names = names or {}
        self.sizes = _sizes(manifest.table)

    def find(self, name: object) -> int | None:
        """Give the row of the image that a file of predictions means; None where it is none of them."""
        if self._names:
            own = self._names.get(str(name))
            return None if own is None else self._index.find(own)
        return self._index.find(name)


def _sizes(table: pa.Table) -> Sequence[tuple[int, int] | None]:
    if not {"width", "height"} <= set(table.column_names):
        return [None] * table.num_rows
    pairs = zip(table.column("width").to_pylist(), table.column("height").to_pylist(), strict=True)
    return [None if None in pair else (int(pair[0]), int(pair[1])) for pair in pairs]

"""What is embedded: the images of a data set or of an evaluation, or the objects in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest
from seatrial.digests import digest_lines
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.inference.chunk import ImageRow
from seatrial.inference.crops import CropRow, with_margin

__all__ = ["Roles", "Shown", "images_of", "objects_of"]

#: Which objects are embedded: annotated ones, predicted ones, or both.
Roles = Literal["truth", "prediction", "both"]

_IMAGE_DETAILS = ("uri", "content", "group", "width", "height", "label")
_OBJECT_DETAILS = ("annotation", "class", "role", "score")
_SIDES = ("x", "y", "width", "height")


@dataclass(frozen=True)
class Shown:
    """Images or objects, a row each.

    Attributes:
        ids: The image's id of each row.
        details: What is known of each row.
        boxes: x, y, width and height in pixels of each object, shape (n, 4), float64; None for images.
    """

    ids: tuple[str, ...]
    details: pa.Table
    boxes: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def key(self) -> str:
        """Digest of what is shown, by the content of the images where that is known."""
        known = [self.details.column(name).to_pylist() for name in ("uri", "content")]
        rows = (
            f"{id_}\t{uri if content is None else content}"
            for id_, uri, content in zip(self.ids, *known, strict=True)
        )
        boxes = () if self.boxes is None else map(str, self.boxes.tolist())
        return digest_lines([*rows, *boxes])

    def rows(self, margin: float) -> Sequence[ImageRow]:
        """Give the rows as the runner takes them.

        Args:
            margin: How much of what is around an object is shown, on each side, as a share of its longer
                side.
        """
        uris = self.details.column("uri").to_pylist()
        if self.boxes is None:
            contents = self.details.column("content").to_pylist()
            return [
                ImageRow(id_, uri, content=content)
                for id_, uri, content in zip(self.ids, uris, contents, strict=True)
            ]
        return [
            CropRow(id_, uri, box=with_margin(box, margin))
            for id_, uri, box in zip(self.ids, uris, self.boxes.tolist(), strict=True)
        ]


def images_of(source: DatasetManifest | EvaluationTable, shard: tuple[int, int] = (0, 1)) -> Shown:
    """Give the images of a data set or of an evaluation, or a part of them.

    Raises:
        InputError: There is no such part.
    """
    table = _images(source, shard)
    return Shown(_ids(table), _known(table, _IMAGE_DETAILS))


def objects_of(
    source: DatasetManifest | EvaluationTable,
    roles: Roles = "truth",
    *,
    min_score: float = 0.5,
    shard: tuple[int, int] = (0, 1),
) -> Shown:
    """Give the objects in the images of a data set or of an evaluation, in the order of the images.

    Regions of many objects (crowds) and boxes without an area are left out.

    Args:
        source: A detection data set, or the evaluation of a detector.
        roles: Which objects; a data set has true ones only.
        min_score: Predictions of a lower score are left out.
        shard: (index from 0, count) of the images.

    Raises:
        InputError: The source has no objects of that kind, or there is no such part.
    """
    objects = source.objects
    name = source.name if isinstance(source, DatasetManifest) else source.header.dataset
    if objects is None:
        raise InputError(
            f"{name!r} has no objects: expected a detection data set or the evaluation of a detector; "
            "level image embeds whole images"
        )
    if isinstance(source, DatasetManifest):
        if roles != "truth":
            raise InputError(f"data set {name!r} has true objects only: an evaluation has predictions, too")
        objects = objects.append_column("role", pa.array(["truth"] * len(objects)))
        objects = objects.append_column("score", pa.nulls(len(objects), pa.float64()))
    images = _images(source, shard)
    kept = objects.filter(_chosen(objects, roles, min_score))
    kept = kept.filter(pc.is_in(kept.column("image"), value_set=images.column("id").combine_chunks()))
    if not len(kept):
        raise InputError(
            f"{name!r}: no object to embed, of {len(objects)} (role {roles}, score at least {min_score:g})"
        )
    places = pc.index_in(kept.column("image"), value_set=images.column("id").combine_chunks())
    known = _known(images, ("uri", "content", "group", "width", "height")).take(places)
    for column in _OBJECT_DETAILS:
        known = known.append_column(column, kept.column(column))
    boxes = np.stack([kept.column(side).to_numpy().astype(np.float64) for side in _SIDES], axis=1)
    return Shown(_ids(images.take(places)), known.combine_chunks(), boxes)


def _chosen(objects: pa.Table, roles: Roles, min_score: float) -> pa.Array:
    sized = pc.and_(pc.greater(objects.column("width"), 0), pc.greater(objects.column("height"), 0))
    kept = pc.and_(sized, pc.invert(objects.column("crowd")))
    scored = pc.greater_equal(objects.column("score"), min_score)
    sure = pc.or_(pc.equal(objects.column("role"), "truth"), pc.fill_null(scored, fill_value=False))
    kept = pc.and_(kept, sure)
    return kept if roles == "both" else pc.and_(kept, pc.equal(objects.column("role"), roles))


def _images(source: DatasetManifest | EvaluationTable, shard: tuple[int, int]) -> pa.Table:
    if isinstance(source, DatasetManifest):
        return source.shard(*shard).table
    index, count = shard
    if not 0 <= index < count:
        raise InputError(f"shard {index}/{count}: expected an index from 0 to {count - 1}")
    start, stop = len(source) * index // count, len(source) * (index + 1) // count
    if start == stop:
        raise InputError(f"shard {index}/{count} of {len(source)} images is empty: use fewer shards")
    return source.samples.slice(start, stop - start)


def _known(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    found = {name: table.column(name) for name in columns if name in table.column_names}
    for name in ("uri", "content"):
        found.setdefault(name, pa.nulls(len(table), pa.string()))
    return pa.table(found)


def _ids(table: pa.Table) -> tuple[str, ...]:
    return tuple(table.column("id").cast(pa.string()).to_pylist())

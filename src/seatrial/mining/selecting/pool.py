"""A pool to choose from: what divides it, what is alike, what may not be chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.images import PROPERTIES, ImageStore
from seatrial.mining.selecting.rare_class import rarest_class
from seatrial.mining.selecting.strata import Strata, strata_of
from seatrial.neighbours import Embeddings
from seatrial.neighbours.metric import directions
from seatrial.quality import measure

__all__ = ["Pool", "pool_of"]


@dataclass(frozen=True)
class Pool:
    """What is known of the pool, row for row with the manifest.

    Attributes:
        strata: By what is balanced.
        vectors: Shape (n, width), of length 1, zeros where there is no embedding; None where there are none.
        usable: Which rows may be chosen, shape (n,).
        left_out: How many may not, by reason.
    """

    strata: Strata
    vectors: NDArray[np.float32] | None
    usable: NDArray[np.bool_]
    left_out: dict[str, int]


def pool_of(
    manifest: DatasetManifest,
    table: EvaluationTable | None,
    given: Embeddings | None,
    store: ImageStore,
    balance: tuple[str, ...],
) -> Pool:
    """Put together what is known of a pool.

    Args:
        manifest: The images; later ones of equal content may not be chosen.
        table: Evaluation of it; its embeddings and columns are taken.
        given: Embeddings of it instead; an image without one may not be chosen.
        store: Measurements of images.
        balance: Attributes that divide it into strata; ``class`` is what :func:`rarest_class` gives.

    Raises:
        InputError: There is no such attribute, or the embeddings are not of the data set's images.
    """
    ids = manifest.table.column("id").to_pylist()
    usable = np.ones(len(ids), dtype=np.bool_)
    left_out = {}
    first_of: dict[str, int] = {}
    for row, content in enumerate(manifest.table.column("content").to_pylist()):
        usable[row] = content is None or first_of.setdefault(content, row) == row
    left_out["copies"] = int((~usable).sum())
    vectors = None
    if table is not None and table.embeddings is not None:
        vectors = _aligned(ids, table.samples.column("id").to_pylist(), table.embeddings, "evaluation")
    elif given is not None:
        if given.level != "image":
            raise InputError("embeddings: expected one vector an image, got vectors of objects")
        vectors = _aligned(ids, given.ids, given.vectors, "embeddings")
    if vectors is not None:
        known = vectors.any(axis=1)
        left_out["without embedding"] = int((usable & ~known).sum())
        usable &= known
    return Pool(strata_of(_attributes(manifest, table, store, balance), balance), vectors, usable, left_out)


def _aligned(
    ids: Sequence[str], theirs: Sequence[str], vectors: NDArray[np.float32], what: str
) -> NDArray[np.float32]:
    place = {one: row for row, one in enumerate(ids)}
    rows = [place.get(one, -1) for one in theirs]
    found = np.flatnonzero(np.array(rows) >= 0)
    if len(found) == 0:
        raise InputError(f"{what}: expected vectors of the data set's images, none of their ids is in it")
    aligned = np.zeros((len(ids), vectors.shape[1]), dtype=np.float32)
    aligned[np.array(rows)[found]] = directions(vectors[found], with_zero=False)
    return aligned


def _attributes(
    manifest: DatasetManifest, table: EvaluationTable | None, store: ImageStore, balance: tuple[str, ...]
) -> pa.Table:
    """Give what can be balanced by, one row an image of the pool."""
    columns = {name: manifest.table.column(name) for name in ("id", *manifest.metadata)}
    if "class" in balance:
        columns["class"] = rarest_class(manifest)
    if table is not None:
        place = {one: row for row, one in enumerate(table.samples.column("id").to_pylist())}
        rows = pa.array([place.get(one) for one in manifest.table.column("id").to_pylist()], pa.int64())
        for name in (*table.attributes, "prediction", "confidence"):
            if name in table.samples.column_names:
                columns[name] = table.samples.column(name).take(rows)
    missing = set(balance) & set(PROPERTIES) - set(columns)
    if missing and manifest.table.column("uri").null_count < len(manifest):
        images = measure(manifest, store=store).images
        columns |= {name: images.column(name) for name in PROPERTIES}
    return pa.table(columns)

"""An index that is kept beside its embeddings, where building it takes long."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.digests import digest_file
from seatrial.errors import InputError
from seatrial.files import atomic_file, read_json, write_json
from seatrial.neighbours.embeddings import Embeddings
from seatrial.neighbours.index import EXACT_ROWS, NeighbourIndex, faiss_module
from seatrial.neighbours.metric import Metric

__all__ = ["open_index"]

SCHEMA_VERSION = 1


def open_index(folder: Path, embeddings: Embeddings, metric: Metric = "cosine") -> NeighbourIndex:
    """Index embeddings; a partitioned index is kept as ``index-<metric>.faiss`` beside them.

    Up to :data:`~seatrial.neighbours.index.EXACT_ROWS` rows the index is exact: it is the vectors
    themselves, and is not kept. A kept index that was made of other embeddings, or by another release of
    FAISS, is made again.

    Args:
        folder: Folder of the embeddings.
        embeddings: What it holds.
        metric: The metric.

    Raises:
        MissingExtraError: FAISS is not installed.
    """
    if len(embeddings) <= EXACT_ROWS:
        return NeighbourIndex.build(embeddings.vectors, metric=metric)
    expected = _note(folder, metric)
    path = folder / f"index-{metric}.faiss"
    if (kept := _read(path, expected, embeddings.vectors, metric)) is not None:
        return kept
    index = NeighbourIndex.build(embeddings.vectors, metric=metric, exact=False)
    try:
        with atomic_file(path) as temporary:
            faiss_module().write_index(index.faiss_index, str(temporary))
        write_json(path.with_suffix(".json"), expected | {"file": digest_file(path)})
    except InputError:
        pass  # a folder that cannot be written to is searched all the same
    return index


def _note(folder: Path, metric: Metric) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "embeddings": Embeddings.digest(folder),
        "metric": metric,
        "faiss": faiss_module().__version__,
    }


def _read(
    path: Path, expected: dict[str, Any], vectors: NDArray[np.float32], metric: Metric
) -> NeighbourIndex | None:
    note = path.with_suffix(".json")
    if not (path.exists() and note.exists()):
        return None
    try:
        found = read_json(note)
    except InputError:
        return None
    if not isinstance(found, dict) or found != expected | {"file": found.get("file")}:
        return None
    if found["file"] != digest_file(path):  # it is not what was written
        return None
    return NeighbourIndex.around(faiss_module().read_index(str(path)), vectors, metric)

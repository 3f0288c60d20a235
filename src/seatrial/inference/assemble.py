"""From the chunks of a run to the columns of an evaluation table."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest
from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure, classification_samples
from seatrial.images import PROPERTIES
from seatrial.inference.chunk import Chunk
from seatrial.secrets import without_secrets

__all__ = ["assemble"]


def assemble(
    header: EvaluationHeader, manifest: DatasetManifest, chunks: Sequence[tuple[int, Chunk]]
) -> EvaluationTable:
    """Put finished chunks together.

    Args:
        header: The evaluation's header, without failures.
        manifest: The evaluated rows (those of the shard).
        chunks: Each chunk with the manifest's row at which it starts.

    Returns:
        One row per image that could be read, in the manifest's order.
    """
    rows = np.concatenate([start + chunk.kept for start, chunk in chunks])
    scores = np.concatenate([chunk.scores for _, chunk in chunks])
    properties = np.concatenate([chunk.properties for _, chunk in chunks])
    present = [chunk.embeddings for _, chunk in chunks if len(chunk.kept)]
    found = [matrix for matrix in present if matrix is not None]
    embeddings = np.concatenate(found) if found and len(found) == len(present) else None
    samples = _samples(manifest.table.take(pa.array(rows)), header.classes, scores, properties)
    return EvaluationTable(
        replace(header, failures=_failures(manifest, chunks)),
        samples,
        scores,
        embeddings,
    )


def _failures(manifest: DatasetManifest, chunks: Sequence[tuple[int, Chunk]]) -> tuple[Failure, ...]:
    ids, uris = manifest.table.column("id"), manifest.table.column("uri")
    found = [(start + number, reason) for start, chunk in chunks for number, reason in chunk.failures]
    return tuple(
        # the header is shown and published, unlike the samples
        Failure(ids[row].as_py(), without_secrets(uris[row].as_py() or ""), without_secrets(reason))
        for row, reason in found
    )


def _samples(
    rows: pa.Table, classes: tuple[str, ...], scores: NDArray[np.float32], properties: NDArray[np.float64]
) -> pa.Table:
    best = scores.argmax(axis=1)  # the first of equals
    for number, name in enumerate(PROPERTIES):
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.array(properties[:, number]))
    confidences = scores[np.arange(len(scores)), best].astype(np.float64)
    return classification_samples(rows, classes, best, confidences, scores)

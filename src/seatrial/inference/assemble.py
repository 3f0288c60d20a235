"""From the chunks of a run to the columns of an evaluation table."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from seatrial.datasets import DatasetManifest
from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure
from seatrial.images import PROPERTIES
from seatrial.inference.chunk import Chunk
from seatrial.inference.results import Results
from seatrial.inference.tasks import TaskRun
from seatrial.secrets import without_secrets

__all__ = ["assemble"]


def assemble(
    task: TaskRun,
    header: EvaluationHeader,
    manifest: DatasetManifest,
    chunks: Sequence[tuple[int, Chunk]],
    results: Results,
) -> EvaluationTable:
    """Put finished chunks together.

    Args:
        task: What was made of the model's output.
        header: The evaluation's header, without failures.
        manifest: The evaluated rows (those of the shard).
        chunks: Each chunk with the manifest's row at which it starts, without its results.
        results: What the task kept of the images.

    Returns:
        One row per image that could be read, in the manifest's order.
    """
    rows = np.concatenate([start + chunk.kept for start, chunk in chunks])
    images = manifest.table.take(pa.array(rows))
    properties = np.concatenate([chunk.properties for _, chunk in chunks])
    # a property's name has one meaning, whatever a data set brings: what was measured
    images = images.drop_columns([name for name in PROPERTIES if name in images.column_names])
    for number, name in enumerate(PROPERTIES):
        images = images.append_column(name, pa.array(properties[:, number]))
    table = task.tables(replace(header, failures=_failures(manifest, chunks)), manifest, images, results)
    return replace(table, embeddings=results.embeddings())


def _failures(manifest: DatasetManifest, chunks: Sequence[tuple[int, Chunk]]) -> tuple[Failure, ...]:
    ids, uris = manifest.table.column("id"), manifest.table.column("uri")
    found = [(start + number, reason) for start, chunk in chunks for number, reason in chunk.failures]
    return tuple(
        # the header is shown and published, unlike the samples
        Failure(ids[row].as_py(), without_secrets(uris[row].as_py() or ""), without_secrets(reason))
        for row, reason in found
    )

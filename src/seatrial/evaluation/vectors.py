"""Embeddings of an evaluation, in the form that search and selection take."""

from pathlib import Path

import pyarrow as pa

from seatrial.errors import InputError
from seatrial.evaluation.table import EvaluationTable
from seatrial.images import PROPERTIES
from seatrial.neighbours import Embeddings

__all__ = ["evaluated_embeddings", "read_embeddings"]

_DETAILS = ("uri", "content", "group", "label", "prediction", "confidence", *PROPERTIES)


def evaluated_embeddings(table: EvaluationTable, name: str = "the evaluation") -> Embeddings:
    """Give the embeddings that a model left of each evaluated image.

    Args:
        table: The evaluation.
        name: What it is called in the message.

    Raises:
        InputError: It holds none, or a value is not finite.
    """
    if table.embeddings is None:
        raise InputError(
            f"{name} holds no embeddings: evaluate with the option embeddings a model whose last layer can "
            "be watched or that returns them, or embed the images with another model (seatrial embed)"
        )
    header = table.header
    said = {
        "model": header.model,
        "model_digest": header.model_digest,
        "options_digest": header.options_digest,
        "dataset": header.dataset,
        "dataset_digest": header.dataset_digest,
        "level": "image",
    }
    known = [column for column in _DETAILS if column in table.samples.column_names]
    ids = tuple(table.samples.column("id").cast(pa.string()).to_pylist())
    return Embeddings(ids, table.embeddings, None, said, table.samples.select(known))


def read_embeddings(folder: Path) -> Embeddings:
    """Read embeddings from a folder that ``embed`` or ``evaluate-model`` wrote.

    Raises:
        InputError: It is neither, cannot be read, or holds no embeddings.
    """
    if (folder / "evaluation.json").exists():
        return evaluated_embeddings(EvaluationTable.read(folder), str(folder))
    if not (folder / "embeddings.json").exists():
        raise InputError(
            f"{folder}: expected embeddings (embed writes them) or an evaluation (evaluate-model writes it), "
            "found neither"
        )
    return Embeddings.read(folder)

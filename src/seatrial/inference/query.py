"""Vectors of a few images, objects or texts, by the model that made an index."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.inference.chunk import ImageRow
from seatrial.inference.crops import CropDecoder, CropRow
from seatrial.inference.device import default_batch_size
from seatrial.inference.embedders import Embedder, load_embedder
from seatrial.inference.open_clip_model import OPEN_CLIP
from seatrial.inference.options import ModelOptions
from seatrial.inference.runner import Runner
from seatrial.inference.tasks.embedding import Embedding
from seatrial.progress import progress

if TYPE_CHECKING:
    from seatrial.datasets import Task

__all__ = ["embed_queries", "embed_texts", "embedder_of"]


def embedder_of(
    header: Mapping[str, Any],
    options: ModelOptions,
    *,
    model: str | None = None,
    weights: Path | None = None,
    device: str = "auto",
) -> Embedder:
    """Load the model that made embeddings, as their header says.

    Args:
        header: Of the embeddings, or of an evaluation's.
        options: What the header does not say; these win over it.
        model: Where the model is now; None for where it was.
        weights: Where its weights are now; None for where they were.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InputError: It is another model than the one that made them.
        ModelError: It cannot be loaded.
    """
    named = model or str(header["model"])
    placed = weights or (Path(str(header["weights"])) if header.get("weights") and model is None else None)
    known = {name: value for name, value in dict(header.get("options", {})).items() if name != "precision"}
    task: Task = header.get("task", "classification")
    embedder = load_embedder(
        named,
        options.merged_over({name: value for name, value in known.items() if value is not None}, "header"),
        weights=placed,
        device=device,
        task=task,
    )
    if embedder.model.digest != header["model_digest"]:
        raise InputError(
            f"model {named} ({embedder.model.digest}) is not the one that made the index: that was "
            f"{header['model']} ({header['model_digest']})"
        )
    return embedder


def embed_queries(embedder: Embedder, rows: Sequence[ImageRow]) -> NDArray[np.float32]:
    """Embed images, or objects where the rows are :class:`~seatrial.inference.crops.CropRow`.

    Returns:
        Shape (n, width).

    Raises:
        InputError: One cannot be read.
        ModelError: The model returns something unusable.
    """
    model = embedder.model
    crops = isinstance(rows[0], CropRow)
    task = Embedding(model.uri, None, model.options.outputs, model.network.precision)
    runner = Runner(
        model,
        task,
        batch_size=min(len(rows), default_batch_size(model.network.device)),
        workers=1,
        decoder=CropDecoder(2) if crops else None,
    )
    with progress("embed", len(rows), "queries") as advance:
        chunk = next(runner.run([rows], advance))
    for number, reason in chunk.failures:
        raise InputError(f"query {rows[number].uri}: {reason}")
    assert chunk.embeddings is not None
    return chunk.embeddings


def embed_texts(embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed texts, shape (n, width).

    Raises:
        InputError: The model reads no texts.
    """
    if embedder.clip is None:
        raise InputError(
            f"model {embedder.model.uri} reads no texts: a search by text needs an index made by an OpenCLIP "
            f"model, e.g. seatrial embed --model {OPEN_CLIP}ViT-B-32 --weights FILE"
        )
    return embedder.clip.embed_texts(texts)

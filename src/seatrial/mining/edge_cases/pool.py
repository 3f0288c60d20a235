"""The pool to choose from: images that nobody has labelled, with vectors and what a model makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest, Task
from seatrial.datasets.objects import OBJECT_SCHEMA
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.evaluation.vectors import evaluated_embeddings
from seatrial.labelling import SuggestedBox
from seatrial.mining.edge_cases.uncertainty import uncertainty, uncertainty_of_confidences
from seatrial.neighbours import Embeddings

__all__ = ["Pool"]

#: Least score of a predicted object that is suggested to whoever labels.
_SUGGESTED = 0.3


@dataclass(frozen=True)
class Pool:
    """Images to choose from.

    Attributes:
        embeddings: Vectors, of the images or of objects in them.
        image: Image that each vector is of, places in ``ids``, shape (rows,).
        ids: The images, each once.
        manifest: The same images as a data set without labels.
        uncertainty: Of each image, in [0, 1], shape (n,); None where the model says nothing of it.
        predictions: Class that each image is taken for; None where that is not known.
        confidences: Of the predictions.
        boxes: Objects found in images, by id.
        broken: Images that could not be read.
    """

    embeddings: Embeddings
    image: NDArray[np.int64]
    ids: tuple[str, ...]
    manifest: DatasetManifest
    uncertainty: NDArray[np.float64] | None
    predictions: list[str | None]
    confidences: list[float | None]
    boxes: Mapping[str, tuple[SuggestedBox, ...]] = field(default_factory=dict)
    broken: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> list[str | None]:
        """Give a column of the images: ``uri``, ``content``."""
        found: list[str | None] = self.manifest.table.column(name).to_pylist()
        return found

    @classmethod
    def of(
        cls,
        task: Task,
        classes: tuple[str, ...],
        *,
        evaluation: EvaluationTable | None = None,
        embeddings: Embeddings | None = None,
    ) -> "Pool":
        """Make a pool of what is known of its images.

        Args:
            task: What they will be labelled for.
            classes: What may be said of them.
            evaluation: What the model makes of them; None where it was not run.
            embeddings: Vectors of another model or of objects; None for those of the evaluation.

        Raises:
            InputError: There are no vectors, no images, or images without vectors.
        """
        if evaluation is not None and evaluation.header.task != task:
            raise InputError(
                f"pool {evaluation.header.dataset!r} was evaluated for {evaluation.header.task}, the "
                f"failures are of {task}"
            )
        if embeddings is None:
            assert evaluation is not None
            embeddings = evaluated_embeddings(evaluation, f"pool {evaluation.header.dataset!r}")
        if not len(embeddings):
            raise InputError("the pool is empty: expected at least one image that can be read")
        ids, first, image = _images(embeddings)
        manifest = _manifest(embeddings.take(first), ids, task, classes)
        if evaluation is None:
            return cls(embeddings, image, ids, manifest, *_said(embeddings, first, classes))
        return cls(embeddings, image, ids, manifest, *_evaluated(evaluation, ids), *_found(evaluation, ids))


def _images(embeddings: Embeddings) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    places: dict[str, int] = {}
    first: list[int] = []
    image = np.empty(len(embeddings), dtype=np.int64)
    for row, one in enumerate(embeddings.ids):
        if one not in places:
            places[one] = len(places)
            first.append(row)
        image[row] = places[one]
    return tuple(places), np.array(first, dtype=np.int64), image


def _manifest(
    embeddings: Embeddings, ids: tuple[str, ...], task: Task, classes: tuple[str, ...]
) -> DatasetManifest:
    n = len(ids)
    texts = {name: pa.array(embeddings.column(name), pa.string()) for name in ("uri", "content", "group")}
    sizes = {name: pa.array(embeddings.column(name), pa.float64()) for name in ("width", "height")}
    truth = {
        "classification": {"label": pa.nulls(n, pa.string())},
        "detection": {"annotated": pa.array([False] * n)},
        "segmentation": {"mask": pa.nulls(n, pa.string()), "mask_content": pa.nulls(n, pa.string())},
    }[task]
    table = pa.table({"id": pa.array(ids, pa.string()), **texts, **truth, **sizes})
    name = str(embeddings.header.get("dataset", "pool"))
    objects = OBJECT_SCHEMA.empty_table() if task == "detection" else None
    return DatasetManifest(name, task, classes, table, objects)


def _said(
    embeddings: Embeddings, first: NDArray[np.int64], classes: tuple[str, ...]
) -> tuple[NDArray[np.float64] | None, list[str | None], list[float | None]]:
    """What ``embed`` noted of images, where its model is a classifier."""
    images = embeddings.take(first)
    predictions = [one if one in classes else None for one in images.column("prediction")]
    confidences = images.column("confidence")
    if embeddings.boxes is not None or any(one is None for one in predictions):
        return None, [None] * len(first), [None] * len(first)
    known = images.column("uncertainty")
    if None not in known:
        return np.array(known, dtype=np.float64), predictions, confidences
    values = np.array([np.nan if one is None else one for one in confidences], dtype=np.float64)
    return uncertainty_of_confidences(values, len(classes)), predictions, confidences


def _evaluated(
    table: EvaluationTable, ids: tuple[str, ...]
) -> tuple[NDArray[np.float64] | None, list[str | None], list[float | None]]:
    places = {one: row for row, one in enumerate(table.samples.column("id").to_pylist())}
    missing = [one for one in ids if one not in places]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(ids)} embedded images of the pool were not evaluated: {missing[0]!r}; "
            "embed and evaluate the same pool"
        )
    rows = np.array([places[one] for one in ids], dtype=np.int64)
    values = uncertainty(table)
    predictions: list[str | None] = [None] * len(ids)
    confidences: list[float | None] = [None] * len(ids)
    if table.header.task == "classification":
        taken = table.samples.take(pa.array(rows))
        predictions = taken.column("prediction").to_pylist()
        confidences = taken.column("confidence").to_pylist()
    return None if values is None else values[rows], predictions, confidences


def _found(table: EvaluationTable, ids: tuple[str, ...]) -> tuple[dict[str, tuple[SuggestedBox, ...]], int]:
    broken = len(table.header.failures)
    if table.objects is None:
        return {}, broken
    wanted = set(ids)
    found: dict[str, list[SuggestedBox]] = {}
    for one in table.objects.to_pylist():
        if one["role"] != "prediction" or one["image"] not in wanted or one["score"] < _SUGGESTED:
            continue
        sides = (one["x"], one["y"], one["width"], one["height"])
        box = SuggestedBox(one["class"], *sides, score=one["score"], mask=one["mask"])
        found.setdefault(one["image"], []).append(box)
    return {id_: tuple(boxes) for id_, boxes in found.items()}, broken

"""The map of samples by their embeddings, as the page draws it."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets import Task
from seatrial.evaluation import EvaluationTable
from seatrial.mining.embedding_map import project
from seatrial.reporting.atlas import Atlas
from seatrial.reporting.display import plain
from seatrial.reporting.outcomes import Outcomes

__all__ = ["POINTS", "map_payload"]

#: Points that the page draws at most: all errors, and others drawn at random.
POINTS = 100_000
_STEPS = 65_535
#: Colours that the page has.
_COLOURS = 12
_MISSING = "none"


def map_payload(
    table: EvaluationTable, outcomes: Outcomes, atlas: Atlas, groups: Mapping[str, Sequence[str | None]]
) -> dict[str, Any] | None:
    """Lay the samples out on a plane.

    Args:
        table: The evaluation.
        outcomes: What the model made of each sample.
        atlas: Those that have a picture.
        groups: What else points are coloured by: a word for each row, None where it has none.

    Returns:
        JSON values: ``n``, ``total``, ``x`` and ``y`` (uint16, base64), ``colours`` (``name``, ``labels``,
        ``codes``: uint8, base64), ``pictures`` (int32, base64: place in the atlas, −1 for none). None where
        the evaluation holds no embeddings, or fewer than three.
    """
    vectors = table.embeddings
    if vectors is None or len(vectors) < 3 or not np.isfinite(vectors).all():  # noqa: PLR2004 - a plane needs three
        return None
    rows = _shown(outcomes)
    places = project(vectors)[rows]
    low, high = places.min(axis=0), places.max(axis=0)
    scaled = np.round((places - low) / np.where(high > low, high - low, 1) * _STEPS).astype("<u2")
    place = np.full(len(table), -1, dtype="<i4")
    for at, picture in enumerate(atlas.pictures):
        place[picture.row] = at
    told: dict[str, Sequence[str | None]] = {}
    if table.header.task == "classification":
        told |= {"truth": outcomes.truth.tolist(), "prediction": outcomes.said.tolist()}
    return {
        "n": len(rows),
        "total": len(table),
        "x": _packed(scaled[:, 0]),
        "y": _packed(scaled[:, 1]),
        "pictures": _packed(place[rows]),
        "colours": [
            _by_error(outcomes.error[rows], table.header.task),
            *(_coloured(name, words, rows) for name, words in {**told, **groups}.items()),
        ],
    }


def _shown(outcomes: Outcomes) -> NDArray[np.int64]:
    """Choose rows: all where there is room, else errors before others, ascending."""
    n = len(outcomes.error)
    if n <= POINTS:
        return np.arange(n)
    rng = np.random.default_rng(0)
    wrong = rng.permutation(np.flatnonzero(outcomes.error > 0))[: POINTS // 2]
    others = rng.permutation(np.setdiff1d(np.arange(n), wrong))[: POINTS - len(wrong)]
    return np.sort(np.concatenate([wrong, others]))


def _by_error(error: NDArray[np.float64], task: Task) -> dict[str, Any]:
    """Give right and wrong a colour; of images of which parts can be wrong, how much is."""
    if task == "classification":
        labels = ["no truth", "right", "wrong"]
        codes = np.select([error > 0, error == 0], [2, 1], 0)
    else:
        labels = ["no truth", "nothing wrong", "error up to 25 %", "25 to 50 %", "more than 50 %"]
        codes = np.select([error > 0.5, error > 0.25, error > 0, error == 0], [4, 3, 2, 1], 0)  # noqa: PLR2004 - the shares that the labels name
    return {"name": "error", "labels": labels, "codes": _packed(codes.astype(np.uint8))}


def _coloured(name: str, words: Sequence[str | None], rows: NDArray[np.int64]) -> dict[str, Any]:
    """Give the most frequent words a colour each; those beyond share the last."""
    chosen = [words[row] for row in rows.tolist()]
    found, counts = np.unique([_MISSING if one is None else one for one in chosen], return_counts=True)
    kept = sorted(found[np.argsort(-counts, kind="stable")][: _COLOURS - 1].tolist())
    labels = [*kept, "others"] if len(found) > len(kept) else kept
    code = {word: at for at, word in enumerate(kept)}
    codes = np.array([code.get(one or _MISSING, len(kept)) for one in chosen], dtype=np.uint8)
    return {"name": name, "labels": [plain(one) for one in labels], "codes": _packed(codes)}


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")

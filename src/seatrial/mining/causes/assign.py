"""Assign a cause to each failing sample of an evaluation."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable, Explanations
from seatrial.mining.causes.evidence import Evidence, Neighbourhood, normalised_entropy
from seatrial.mining.causes.rules import ACTIONS, CAUSES, CauseRules
from seatrial.mining.causes.table import CAUSE_SCHEMA, Causes

__all__ = ["Cell", "assign_causes"]

#: True and predicted class; None for background.
Cell = tuple[str | None, str | None]


def assign_causes(
    evaluation: EvaluationTable,
    rows: Sequence[int] | NDArray[np.int64],
    *,
    train: EvaluationTable | None = None,
    explanations: Explanations | None = None,
    cells: Sequence[Cell] | None = None,
    objects: Sequence[int | None] | None = None,
    rules: CauseRules | None = None,
) -> Causes:
    """Say why samples fail, as far as the evidence goes.

    What is not known is left out of the evidence: without an evaluation of the training data nothing is said
    to be rare or wrongly labelled, without explanations nothing to be spurious.

    Args:
        evaluation: What the model did.
        rows: Which rows of its samples, shape (n,); a row may come several times (objects of an image).
        train: What the same model did on its training data, with embeddings.
        explanations: Where the model looked, of any of the samples.
        cells: Truth and prediction of each; None for what the evaluation says of a classification.
        objects: Row in the evaluation's objects of each, whose explanation is looked up; None for the image.
        rules: Thresholds.

    Raises:
        InputError: A row is not there, the lengths differ, or the training data was evaluated with another
            model.
    """
    rules = rules or CauseRules()
    places = np.asarray(rows, dtype=np.int64)
    for row in places[(places < 0) | (places >= len(evaluation))][:1]:
        raise InputError(f"rows: expected numbers from 0 to {len(evaluation) - 1}, got {row}")
    named = _cells(evaluation, places) if cells is None else list(cells)
    chosen: list[int | None] = [None] * len(places) if objects is None else list(objects)
    if not len(named) == len(chosen) == len(places):
        raise InputError(
            f"expected a cell and an object for each of {len(places)} rows, "
            f"got {len(named)} and {len(chosen)}"
        )
    ids = evaluation.samples.column("id").take(pa.array(places)).to_pylist()
    rare, own, other = _neighbours(evaluation, places, named, train)
    explained = _explained(ids, chosen, explanations)
    entropies, contests = _entropies(evaluation, places, chosen), _contests(evaluation, places, named)
    evidence = Evidence(rare, own, other, entropies, **explained, contest=contests)
    codes = rules.decide(evidence)
    causes = [CAUSES[code] for code in codes.tolist()]
    columns = {
        "id": ids,
        "row": places,
        "object": chosen,
        "truth": [truth for truth, _ in named],
        "prediction": [prediction for _, prediction in named],
        "cause": causes,
        "action": [ACTIONS[cause] for cause in causes],
        "reason": rules.reasons(evidence, codes),
        **{name: pa.array(getattr(evidence, name), from_pandas=True) for name in Evidence.names()},
    }
    return Causes(pa.table(columns, schema=CAUSE_SCHEMA))


def _cells(evaluation: EvaluationTable, rows: NDArray[np.int64]) -> list[Cell]:
    """Read truth and prediction of a classification; of another task nothing is known of a whole image."""
    if evaluation.header.task != "classification":
        return [(None, None)] * len(rows)
    taken = evaluation.samples.take(pa.array(rows))
    return list(zip(taken.column("label").to_pylist(), taken.column("prediction").to_pylist(), strict=True))


def _neighbours(
    evaluation: EvaluationTable, rows: NDArray[np.int64], cells: Sequence[Cell], train: EvaluationTable | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    nothing = np.full(len(rows), np.nan)
    if train is None or train.embeddings is None or evaluation.embeddings is None or not len(rows):
        return nothing, nothing, nothing
    ours, theirs = evaluation.header, train.header
    if ours.model_digest != theirs.model_digest:
        raise InputError(
            f"the training data was evaluated with another model ({theirs.model!r}, {theirs.model_digest}): "
            f"expected {ours.model!r}, {ours.model_digest}"
        )
    codes = {name: code for code, name in enumerate(ours.classes)}
    labels = [-1] * len(train)
    if train.header.task == "classification":
        labels = [codes.get(label, -1) for label in train.samples.column("label").to_pylist()]
    around = Neighbourhood.of(train.embeddings, labels)
    truths, predictions = (
        np.array([codes.get(cell[side] or "", -1) for cell in cells], dtype=np.int64) for side in (0, 1)
    )
    return around.evidence(evaluation.embeddings[rows], truths, predictions)


def _entropies(
    evaluation: EvaluationTable, rows: NDArray[np.int64], objects: Sequence[int | None]
) -> NDArray[np.float64]:
    """Give the entropy of the class probabilities, or of a detection's score."""
    if evaluation.scores is not None:
        return normalised_entropy(evaluation.scores[rows])
    found = np.full(len(rows), np.nan)
    if evaluation.objects is not None:
        scores = evaluation.objects.column("score").to_numpy(zero_copy_only=False)
        known = [place for place, one in enumerate(objects) if one is not None]
        sure = scores[[objects[place] for place in known]].astype(np.float64)
        found[known] = np.where(
            np.isfinite(sure), normalised_entropy(np.nan_to_num(np.stack([sure, 1 - sure], axis=1))), np.nan
        )
    return found


def _contests(
    evaluation: EvaluationTable, rows: NDArray[np.int64], cells: Sequence[Cell]
) -> NDArray[np.float64]:
    """Give the entropy between the probabilities of label and prediction, in bits."""
    found = np.full(len(rows), np.nan)
    if evaluation.scores is None:
        return found
    codes = {name: code for code, name in enumerate(evaluation.header.classes)}
    for place, (truth, prediction) in enumerate(cells):
        if truth in codes and prediction in codes and truth != prediction:
            pair = evaluation.scores[rows[place], [codes[truth], codes[prediction]]]
            found[place] = normalised_entropy(pair[None])[0]
    return found


def _explained(
    ids: Sequence[str], objects: Sequence[int | None], explanations: Explanations | None
) -> dict[str, NDArray[np.float64]]:
    """Look up what blanking and saliency say of each image, or of each object."""
    names = ("flip", "off_core", "patch_flip", "transplant")
    if explanations is None:
        return {name: np.full(len(ids), np.nan) for name in names}
    table = explanations.samples
    keys = list(zip(table.column("id").to_pylist(), table.column("object").to_pylist(), strict=True))
    found = {}
    for name in names:
        values = dict(zip(keys, table.column(name).to_pylist(), strict=True))
        known = [values.get(key) for key in zip(ids, objects, strict=True)]
        found[name] = np.array([np.nan if one is None else one for one in known], dtype=np.float64)
    return found

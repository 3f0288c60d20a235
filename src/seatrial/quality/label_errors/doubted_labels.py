"""Findings of the check ``label_errors`` in a classification."""

from collections.abc import Container, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.label_errors.classification import LabelDoubts, doubt_labels
from seatrial.quality.label_errors.judge import Judge

__all__ = ["doubted_labels"]


def doubted_labels(given: CheckInput) -> Found:
    """Report each label that the judges together would change, worst first.

    Those that confident learning counts as wrong are warnings. The list is filled up to
    ``label_errors_listed`` with the next in doubt, as notes: on hard data an estimate misses errors.
    """
    table = given.needs_evaluation()
    codes = {name: code for code, name in enumerate(table.header.classes)}
    every = table.samples.column("label").to_pylist()
    rows = np.array([row for row, one in enumerate(every) if one is not None], dtype=np.int64)
    if not rows.size:
        raise NotApplicableError("no sample has a label")
    labels = np.array([codes[every[row]] for row in rows.tolist()], dtype=np.int64)
    ids = table.samples.column("id").take(pa.array(rows)).to_pylist()
    learned = learned_by_heart(given)
    scores = None if learned or table.scores is None else table.scores[rows]
    embeddings = None if table.embeddings is None else table.embeddings[rows]
    if scores is None and embeddings is None:
        reason = learned or "the evaluation has no probabilities"
        raise NotApplicableError(f"{reason}, and it has no embeddings to judge labels by")
    areas = None if given.dynamics is None else given.dynamics.of(ids)
    doubts = doubt_labels(labels, len(codes), scores=scores, embeddings=embeddings, areas=areas)
    notes = [in_sample_note(learned)] if learned else []
    chosen = doubts.ranked(labels)[: max(doubts.estimated, given.options.label_errors_listed)]
    known = set(given.data.manifest.classes)
    return Found((*notes, *_findings(chosen, ids, labels, doubts, table.header.classes, known)))


def learned_by_heart(given: CheckInput) -> str:
    """Say why a model's probabilities tell nothing of the labels; empty where they do."""
    if given.in_sample:
        return "the model was trained on these labels"
    if given.dynamics is not None:
        return "the model was trained on these labels, whose training dynamics were given"
    return ""


def in_sample_note(reason: str) -> Finding:
    """Tell that probabilities were left out."""
    message = f"{reason}: its probabilities are not out of sample and were left out; embeddings judge alone"
    return Finding("label_errors", "info", message, (), 0.0, {"kind": "in_sample"})


def _findings(
    chosen: NDArray[np.int64],
    ids: list[str],
    labels: NDArray[np.int64],
    doubts: LabelDoubts,
    names: Sequence[str],
    known: Container[str],
) -> Iterator[Finding]:
    suggested = doubts.probabilities.argmax(axis=1)
    for place, row in enumerate(chosen.tolist()):
        label, better = names[labels[row]], names[suggested[row]]
        evidence: dict[str, Any] = {
            "kind": "label",
            "label": label,
            # a class that only the model has cannot be what the data set should say
            "suggested_label": better if better in known else None,
            "probability": _rounded(doubts.probabilities[row, labels[row]]),
            "suggested_probability": _rounded(doubts.probabilities[row, suggested[row]]),
            "judges": {
                one.name: _said(one, row, int(labels[row]), int(suggested[row])) for one in doubts.judges
            },
        }
        message = f"labelled {label!r}, probably {better!r}: {_wording(evidence)}"
        score = _rounded(doubts.doubt[row])
        severity: Severity = "warning" if place < doubts.estimated else "info"
        yield Finding("label_errors", severity, message, (ids[row],), score, evidence)


def _said(judge: Judge, row: int, label: int, suggested: int) -> dict[str, float | None]:
    margin = float(judge.margin[row])
    said: dict[str, float | None] = {"margin": _rounded(margin) if np.isfinite(margin) else None}
    if judge.probabilities is not None:
        said["label"] = _rounded(judge.probabilities[row, label])
        said["suggested"] = _rounded(judge.probabilities[row, suggested])
    return said


def _wording(evidence: dict[str, Any]) -> str:
    return f"believed {evidence['probability']:.0%} against {evidence['suggested_probability']:.0%}"


def _rounded(value: Any) -> float:
    return round(float(value), 4)

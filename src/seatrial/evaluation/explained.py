"""Evaluations with what explanations say of each sample."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from seatrial.errors import InputError
from seatrial.evaluation.explanations import Explanations
from seatrial.evaluation.table import EvaluationTable

__all__ = ["with_off_core"]

_COLUMN = "off_core"

#: What has to be the same for two models' shares to be comparable.
_SAME = ("method", "core", "core_digest", "side")


def with_off_core(
    candidate: EvaluationTable,
    champion: EvaluationTable | None,
    explanations: Path | None,
    champion_explanations: Path | None,
) -> tuple[EvaluationTable, EvaluationTable | None]:
    """Give evaluations the column ``off_core``: the share of each sample's saliency outside of the core.

    Only samples that were drawn at random have one: those chosen because they are wrong say nothing of the
    data set. Where both models are explained, a sample has one only where both have: they are compared on the
    same samples.

    Args:
        candidate: The candidate's evaluation.
        champion: The champion's; None where there is none.
        explanations: Folder of the candidate's explanations; None leaves everything as it is.
        champion_explanations: Folder of the champion's.

    Raises:
        InputError: Explanations are of another model or data set than the evaluation, the two were made in
            different ways, or there are some of the champion alone.
    """
    if explanations is None:
        if champion_explanations is not None:
            raise InputError("explanations of the champion alone: expected those of the candidate, too")
        return candidate, champion
    ours = _read(explanations, candidate, "candidate")
    shares = ours.of_samples(_COLUMN, drawn=True)
    if champion is None or champion_explanations is None:
        return _with_column(candidate, shares), champion
    theirs = _read(champion_explanations, champion, "champion")
    _check_comparable(ours.header, theirs.header)
    others = theirs.of_samples(_COLUMN, drawn=True)
    both = shares.keys() & others.keys()
    return (
        _with_column(candidate, {one: share for one, share in shares.items() if one in both}),
        _with_column(champion, {one: share for one, share in others.items() if one in both}),
    )


def _read(folder: Path, table: EvaluationTable, role: str) -> Explanations:
    found = Explanations.read(folder)
    for what in ("model", "dataset"):
        name, digest = getattr(table.header, what), getattr(table.header, f"{what}_digest")
        if found.header.get(f"{what}_digest") != digest:
            raise InputError(
                f"{folder}: expected explanations of the {role}'s {what}, {name!r} ({digest}), got those of "
                f"{found.header.get(what)!r} ({found.header.get(f'{what}_digest')})"
            )
    return found


def _check_comparable(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    draws = [{key: (one.get("asked") or {}).get(key) for key in ("draw", "seed")} for one in (ours, theirs)]
    pairs = [(name, ours.get(name), theirs.get(name)) for name in _SAME]
    for name, first, second in [*pairs, ("draw", *draws)]:
        if first != second:
            raise InputError(
                f"explanations of candidate and champion cannot be compared: expected the same {name}, got "
                f"{first!r} and {second!r}"
            )


def _with_column(table: EvaluationTable, shares: Mapping[str, float]) -> EvaluationTable:
    ids = table.samples.column("id").to_pylist()
    column = pa.array([shares.get(one) for one in ids], pa.float64())
    samples = table.samples
    if _COLUMN in samples.column_names:
        samples = samples.drop_columns([_COLUMN])
    return replace(table, samples=samples.append_column(_COLUMN, column))

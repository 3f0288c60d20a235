"""Every metric on every slice: candidate, champion, and their paired difference."""

from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.neighbours import Embeddings
from seatrial.slices.comparison import Comparison
from seatrial.slices.confusion import ConfusionCells
from seatrial.slices.details import confusion, details, reliability, warnings
from seatrial.slices.membership import check_names, fit, members
from seatrial.slices.object_level import ObjectLevel
from seatrial.slices.objects import Objects
from seatrial.slices.options import MeasureOptions
from seatrial.slices.pairing import Pairing, pair
from seatrial.slices.report import SliceReport
from seatrial.slices.spec import SliceSpec
from seatrial.slices.vectors import Vectors

__all__ = ["MeasureOptions", "identities", "measure"]


def measure(
    candidate: EvaluationTable,
    baseline: EvaluationTable | None,
    specs: Mapping[str, SliceSpec],
    options: MeasureOptions | None = None,
    embeddings: Sequence[Embeddings] = (),
) -> SliceReport:
    """Measure a candidate on every slice, and against a champion on the same samples.

    Where the champion was not evaluated on the same samples, the report says so in its header
    (``same_samples``, ``sample_problems``) and holds no numbers of the champion: they are not compared.

    Args:
        candidate: The candidate's evaluation, whole.
        baseline: The champion's evaluation; None where there is none.
        specs: Slice specifications by name; bins that are not fitted yet are fitted to the candidate's rows.
        options: How to measure.
        embeddings: What slices in the embedding space of other models choose by.

    Returns:
        A row for each slice, metric and class. The same input gives the same report, to the last bit.

    Raises:
        InputError: An evaluation is not whole or holds no labelled sample, the classes or tasks of the two
            differ, or a slice cannot be taken (see :func:`seatrial.slices.members`).
    """
    options = options or MeasureOptions()
    _check_usable(candidate, "candidate", specs)
    pairing = Pairing(None)
    if baseline is not None:
        _check_usable(baseline, "champion", {})
        pairing = pair(candidate, baseline)
    of_images = fit(_at("image", specs), candidate.samples)
    slices = members(of_images, candidate.samples, Vectors.of(candidate, embeddings).images)
    comparison = Comparison.of(candidate, pairing.baseline, options)
    of_objects, objects = _objects([candidate, pairing.baseline], _at("object", specs), embeddings)
    check_names([*slices, *(objects.slices if objects else ())])
    measured = comparison.measured(slices, objects)
    return SliceReport(
        _header(candidate.header, None if baseline is None else baseline.header, comparison, pairing, options)
        | {"asked": {name: spec.meaning for name, spec in specs.items()}},
        measured.rows,
        ConfusionCells.of(confusion(comparison, slices)),
        tuple(reliability(comparison)),
        {name: (of_images | of_objects)[name].to_policy() for name in specs},
        details(comparison, slices, measured),
    )


def identities(candidate: EvaluationTable, baseline: EvaluationTable | None) -> dict[str, Any]:
    """Name what a report of two evaluations is of, as its header does: models and data set, by digest."""
    return {
        "candidate": _model(candidate.header),
        "baseline": None if baseline is None else _model(baseline.header),
        "dataset": {"name": candidate.header.dataset, "digest": candidate.header.dataset_digest},
    }


def _at(level: str, specs: Mapping[str, SliceSpec]) -> dict[str, SliceSpec]:
    return {name: spec for name, spec in specs.items() if spec.level == level}


def _objects(
    tables: Sequence[EvaluationTable | None], specs: Mapping[str, SliceSpec], embeddings: Sequence[Embeddings]
) -> tuple[dict[str, SliceSpec], ObjectLevel | None]:
    """Fit the slices of objects, and choose theirs in each evaluation; nothing where there are none."""
    if not specs:
        return {}, None
    there = [table for table in tables if table is not None]
    assert there[0].objects is not None
    fitted = Objects.of(there[0].samples, there[0].objects).fit(specs)
    vectors = [Vectors.of(table, embeddings).objects for table in there]
    return fitted, ObjectLevel.of(there, fitted, vectors)


def _check_usable(table: EvaluationTable, role: str, specs: Mapping[str, SliceSpec]) -> None:
    header = table.header
    if header.shard != (0, 1):
        raise InputError(
            f"the {role}'s evaluation is shard {header.shard[0] + 1} of {header.shard[1]}: "
            "merge the shards first"
        )
    found = len(table) + len(header.failures)
    if found != header.dataset_size:
        raise InputError(
            f"the {role}'s evaluation is not whole: "
            f"expected {header.dataset_size} images of {header.dataset!r}, got {len(table)} "
            f"and {len(header.failures)} that could not be read"
        )
    for name, spec in specs.items():
        if spec.level == "object" and header.task != "detection":
            raise InputError(
                f"slice {name!r} is of level object, but a {header.task} has no objects: use image"
            )


def _header(
    candidate: EvaluationHeader,
    baseline: EvaluationHeader | None,
    comparison: Comparison,
    pairing: Pairing,
    options: MeasureOptions,
) -> dict[str, Any]:
    header: dict[str, Any] = {
        "task": candidate.task,
        "classes": list(candidate.classes),
        "candidate": _model(candidate),
        "baseline": None if baseline is None else _model(baseline),
        "dataset": {
            "name": candidate.dataset,
            "digest": candidate.dataset_digest,
            "n": len(comparison.place),
            "labelled": len(comparison.groups),
            "size": candidate.dataset_size,
        },
        "failures": len(candidate.failures),
        "confidence": options.confidence,
        "replicates": options.replicates,
        "seed": options.seed,
        "resampled_by": "sample" if comparison.independent else "group",
        "group": options.group or "group",
        "groups": comparison.group_count,
        "same_samples": not pairing.problems,
        "sample_problems": list(pairing.problems),
    }
    if candidate.task == "detection":
        header["dataset"]["objects"] = comparison.objects
        header["detection"] = {"score": options.score, "iou": options.iou, "geometry": options.geometry}
        header["warnings"] = warnings(comparison)
    return header


def _model(header: EvaluationHeader) -> dict[str, Any]:
    return {
        "model": header.model,
        "digest": header.model_digest,
        "options": header.options_digest,
        "failures": len(header.failures),
    }

"""Measure every metric on every slice of an evaluation, and against a champion's."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.slices import MeasureOptions, SliceReport, SliceSpec
from seatrial.slices.defaults import default_specs
from seatrial.slices.measure import measure

if TYPE_CHECKING:
    from seatrial.gates import Policy

__all__ = ["run"]


def run(
    evaluation: Path,
    out: Path,
    *,
    baseline: Path | None = None,
    policy: Path | None = None,
    metrics: Sequence[str] | None = None,
    replicates: int | None = None,
    bins_of: Path | None = None,
) -> SliceReport:
    """Measure slices and write the report.

    Args:
        evaluation: Folder of the candidate's evaluation.
        out: Folder to write ``slice_report.json``, ``slice_report.parquet`` and ``confusion.parquet`` into.
        baseline: Folder of the champion's evaluation of the same data set; None where there is none.
        policy: Policy that names the slices and the statistics. Without one, each attribute is an
            axis: metadata by value, image properties by quartiles.
        metrics: Names of the metrics to measure; None for all of the task.
        replicates: Bootstrap replicates, 0 for none; None for what the policy says, or else 1000.
        bins_of: Folder of an earlier report whose bin edges are used again, so that its slices mean the
            same here; None to fit the bins that the policy does not spell out.

    Returns:
        The report, as it was written.

    Raises:
        InputError: An input cannot be read or used, or ``out`` cannot be written.
    """
    candidate = EvaluationTable.read(evaluation)
    champion = None if baseline is None else EvaluationTable.read(baseline)
    specs, left_out, said, digest = _what_to_measure(candidate, policy)
    if bins_of is not None:
        specs = _with_bins_of(bins_of, specs)
    options = replace(
        said,
        metrics=None if metrics is None else tuple(metrics),
        replicates=said.replicates if replicates is None else replicates,
    )
    report = measure(candidate, champion, specs, options)
    header = {
        **report.header,
        "policy": digest,
        "left_out": left_out,
        "evaluation": EvaluationTable.digest(evaluation),
        "baseline_evaluation": None if baseline is None else EvaluationTable.digest(baseline),
    }
    report = replace(report, header=header)
    report.write(out)
    return report


def _what_to_measure(
    candidate: EvaluationTable, path: Path | None
) -> tuple[dict[str, SliceSpec], dict[str, str], MeasureOptions, str | None]:
    if path is None:
        specs, left_out = default_specs(candidate.samples)
        return specs, left_out, MeasureOptions(), None
    from seatrial.gates import Policy

    policy = Policy.load(path)
    said = MeasureOptions(
        confidence=1 - policy.statistics.alpha,
        replicates=policy.statistics.replicates,
        seed=policy.statistics.seed,
        group=policy.dataset.group,
        per_class_limit=_per_class_limit(policy, candidate),
    )
    return dict(policy.slices), {}, said, policy.digest


def _per_class_limit(policy: "Policy", candidate: EvaluationTable) -> int:
    """A rule about one class needs that class on its slices, however many classes there are."""
    from seatrial.gates.rules import MetricRule

    if any(isinstance(rule, MetricRule) and rule.class_ is not None for rule in policy.rules):
        return len(candidate.header.classes)
    return MeasureOptions().per_class_limit


def _with_bins_of(folder: Path, specs: dict[str, SliceSpec]) -> dict[str, SliceSpec]:
    """Use the fitted bins of an earlier report for the specs that are the same but for the fit."""
    written = SliceReport.read(folder).slices or {}
    earlier = {name: SliceSpec.model_validate(spec) for name, spec in written.items()}
    return {name: _refitted(folder, name, spec, earlier.get(name)) for name, spec in specs.items()}


def _refitted(folder: Path, name: str, spec: SliceSpec, earlier: SliceSpec | None) -> SliceSpec:
    if spec.by is None or not any(spec.by.values()):
        return spec
    same = earlier is not None and (earlier.where, list(earlier.by or ())) == (spec.where, list(spec.by))
    if earlier is None or earlier.by is None or not same:
        raise InputError(
            f"{folder} holds no bins of slices {name!r}: expected the same 'where' and attributes there"
        )
    by = {column: earlier.by[column] if bins is not None else None for column, bins in spec.by.items()}
    return spec.model_copy(update={"by": by})

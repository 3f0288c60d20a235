"""Measure every metric on every slice of an evaluation, and against a champion's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable, Explanations
from seatrial.evaluation.explained import with_off_core
from seatrial.neighbours import Embeddings
from seatrial.slices import MeasureOptions, SliceReport, SliceSpec
from seatrial.slices.defaults import default_specs
from seatrial.slices.measure import identities, measure

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
    ledger: str | None = None,
    embeddings: Sequence[Path] = (),
    explanations: Path | None = None,
    baseline_explanations: Path | None = None,
) -> SliceReport:
    """Measure slices and write the report.

    Args:
        evaluation: Folder of the candidate's evaluation.
        out: Folder to write ``slice_report.json``, ``slice_report.parquet`` and ``confusion.parquet`` into.
        baseline: Folder of the champion's evaluation of the same data set; None where there is none.
        policy: Policy that names the slices, the scenarios and the statistics. Without one, each attribute
            is an axis: metadata by value, image properties by quartiles, and of a detector's objects their
            size, crowding and annotations.
        metrics: Names of the metrics to measure; None for all of the task.
        replicates: Bootstrap replicates, 0 for none; None for what the policy says, or else 1000.
        bins_of: Folder of an earlier report whose bin edges are used again, so that its slices mean the
            same here; None to fit the bins that the policy does not spell out.
        ledger: Where uses of data sets are counted, see :func:`seatrial.gates.ledger.open_ledger`. Needed
            where the policy limits them: the intervals are made at the level that is left for this use.
        embeddings: Folders of embeddings by other models, for slices that are places among them.
        explanations: Folder of the candidate's explanations: with it, ``off_core`` is measured on the images
            that were drawn at random there.
        baseline_explanations: Folder of the champion's.

    Returns:
        The report, as it was written.

    Raises:
        InputError: An input cannot be read or used, ``out`` cannot be written, or the data set has been used
            as often as the policy allows.
    """
    candidate = EvaluationTable.read(evaluation)
    champion = None if baseline is None else EvaluationTable.read(baseline)
    candidate, champion = with_off_core(candidate, champion, explanations, baseline_explanations)
    asked = _Asked.of(candidate, champion, policy, ledger)
    specs = asked.specs if bins_of is None else _with_bins_of(bins_of, asked.specs)
    options = replace(
        asked.options,
        metrics=None if metrics is None else tuple(metrics),
        replicates=asked.options.replicates if replicates is None else replicates,
    )
    vectors = [Embeddings.read(folder) for folder in embeddings]
    report = measure(candidate, champion, specs, options, vectors)
    header = {
        **report.header,
        "policy": asked.policy,
        # with the bins of another report, what was measured is not all that was asked
        "asked": {name: spec.meaning for name, spec in asked.specs.items()},
        "left_out": asked.left_out,
        "use": asked.use,
        "evaluation": EvaluationTable.digest(evaluation),
        "baseline_evaluation": None if baseline is None else EvaluationTable.digest(baseline),
    }
    looked = {"explanations": explanations, "baseline_explanations": baseline_explanations}
    header |= {name: Explanations.digest(folder) for name, folder in looked.items() if folder is not None}
    report = replace(report, header=header)
    report.write(out)
    return report


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be measured, and how.

    Attributes:
        specs: Slices and scenarios by name.
        left_out: Attributes that are no axis, and why.
        options: How to measure.
        policy: Digest of the policy; None where there is none.
        use: Which use of the data set this is, from 1; None where nothing counts them.
    """

    specs: dict[str, SliceSpec]
    left_out: dict[str, str]
    options: MeasureOptions
    policy: str | None = None
    use: int | None = None

    @classmethod
    def of(
        cls,
        candidate: EvaluationTable,
        champion: EvaluationTable | None,
        path: Path | None,
        ledger: str | None,
    ) -> "_Asked":
        if path is None:
            return cls(*default_specs(candidate), MeasureOptions())
        from seatrial.gates import Policy

        policy = Policy.load(path)
        use = _number_of_use(policy, candidate, champion, ledger)
        alpha = policy.statistics.alpha if use is None else policy.alpha_of(use)
        options = MeasureOptions(
            confidence=1 - alpha,
            replicates=policy.statistics.replicates_at(alpha),
            seed=policy.statistics.seed,
            group=policy.dataset.group,
            per_class_limit=_per_class_limit(policy, candidate),
            score=policy.detection.score,
            iou=policy.detection.iou,
            geometry=policy.detection.geometry,
        )
        return cls(policy.specs, {}, options, policy.digest, use)


def _number_of_use(
    policy: "Policy", candidate: EvaluationTable, champion: EvaluationTable | None, ledger: str | None
) -> int | None:
    """Say which use of the data set this is; the ledger counts it when it is judged."""
    from seatrial.gates.ledger import number_of, open_ledger, use_of

    most = policy.dataset.max_uses
    if ledger is None:
        if most is not None:
            raise InputError(
                f"the policy allows at most {most} uses of a data set: say where uses are counted (--ledger)"
            )
        return None
    number = number_of(use_of(policy, identities(candidate, champion)), open_ledger(ledger))
    if most is not None and number > most:
        raise InputError(
            f"{candidate.header.dataset!r} was used {number - 1} times, the policy allows at most {most}: "
            "judge on a fresh test set"
        )
    return number


def _per_class_limit(policy: "Policy", candidate: EvaluationTable) -> int:
    """A rule about one class needs that class on its slices, however many classes there are."""
    from seatrial.gates.rules import MetricRule

    judged = [rule.class_ for rule in policy.rules if isinstance(rule, MetricRule)]
    judged += [scenario.expect.class_ for scenario in policy.scenarios.values()]
    if any(class_ is not None for class_ in judged):
        return len(candidate.header.classes)
    return MeasureOptions().per_class_limit


def _with_bins_of(folder: Path, specs: dict[str, SliceSpec]) -> dict[str, SliceSpec]:
    """Use the fitted bins of an earlier report for the specs that are the same but for the fit."""
    report = SliceReport.read(folder)
    earlier = {name: SliceSpec.model_validate(spec) for name, spec in (report.slices or {}).items()}
    asked = report.header.get("asked") or {}
    return {
        name: _refitted(folder, name, spec, earlier.get(name) if asked.get(name) == spec.meaning else None)
        for name, spec in specs.items()
    }


def _refitted(folder: Path, name: str, spec: SliceSpec, earlier: SliceSpec | None) -> SliceSpec:
    if spec.by is None or not any(spec.by.values()):
        return spec
    if earlier is None or earlier.by is None:
        raise InputError(
            f"{folder} holds no bins of slices {name!r}: expected the same 'where', attributes and bins there"
        )
    by = {column: earlier.by[column] if bins is not None else None for column, bins in spec.by.items()}
    return spec.model_copy(update={"by": by})

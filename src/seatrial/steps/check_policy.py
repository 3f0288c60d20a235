"""Check a policy before anything is run: what it says, and whether an evaluation has what it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial.gates import Policy
from seatrial.gates.composition import read_policy
from seatrial.gates.document import Problem
from seatrial.gates.explain import doubts, explain
from seatrial.gates.origins import Origins
from seatrial.gates.rules import MetricRule
from seatrial.metrics import METRICS
from seatrial.slices import SliceSpec, parse
from seatrial.slices.objects import object_columns
from seatrial.spelling import one_of

__all__ = ["PolicyCheck", "run"]

#: Metrics that make do with the confidence of the prediction.
_CONFIDENCE_IS_ENOUGH = frozenset({"ece"})


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """A valid policy.

    Attributes:
        policy: The policy.
        sentences: What it asks for, one sentence a rule.
        doubts: What is allowed, but likely not meant.
    """

    policy: Policy
    sentences: tuple[str, ...]
    doubts: tuple[str, ...]


def run(policy: Path, *, evaluation: Path | None = None) -> PolicyCheck:
    """Check a policy file.

    Args:
        policy: The policy file.
        evaluation: Evaluation folder; the columns, classes and scores that the policy needs must be in it.

    Raises:
        InputError: The file or the evaluation cannot be read.
        PolicyError: The policy is not valid, could never pass, or needs what the evaluation does not have;
            the message names file, line, column and key.
    """
    checked, origins = read_policy(policy)
    problems = list(_never_passes(checked, origins))
    if evaluation is not None:
        problems += _unmet(checked, origins, evaluation)
    if problems:
        raise origins.error(problems)
    return PolicyCheck(checked, tuple(explain(checked)), tuple(doubts(checked)))


def _never_passes(policy: Policy, origins: Origins) -> Iterator[Problem]:
    if all(rule.severity == "warn" for rule in policy.rules):
        got = f"{len(policy.rules)} that only warn" if policy.rules else "none"
        yield origins.problem(
            ("rules",),
            f"expected at least one rule of severity block, got {got}: its verdict is always an error",
            key=True,
        )


def _unmet(policy: Policy, origins: Origins, evaluation: Path) -> Iterator[Problem]:
    header, schema = _header(evaluation), _schema(evaluation, "samples")
    detects = header.get("task") == "detection"
    of_objects = object_columns(schema, _schema(evaluation, "objects")) if detects else None
    for name, spec in policy.slices.items():
        columns = of_objects if spec.level == "object" else schema
        if columns is None:
            message = f"a {header.get('task')} has no objects: expected level image, got object"
            yield origins.problem(("slices", name, "level"), message)
        else:
            yield from _missing_columns(name, spec, columns, origins)
    group = policy.dataset.group
    if group is not None and group not in schema.names:
        message = one_of(group, schema.names, "a column of the evaluation")
        yield origins.problem(("dataset", "group"), message)
    scores = (evaluation / "scores.parquet").exists()
    classes = [str(one) for one in header.get("classes", ())]
    for index, rule in enumerate(policy.rules):
        if not isinstance(rule, MetricRule):
            continue
        if header.get("task") not in METRICS[rule.metric].tasks:
            known = [name for name, one in METRICS.items() if header.get("task") in one.tasks]
            message = one_of(rule.metric, known, f"a metric of {header.get('task')}")
            yield origins.problem(("rules", index, "metric"), message)
            continue
        if rule.class_ is not None and rule.class_ not in classes:
            message = one_of(rule.class_, classes, "a class of the evaluation")
            yield origins.problem(("rules", index, "class"), message)
        needed = METRICS[rule.metric].needs_scores and rule.metric not in _CONFIDENCE_IS_ENOUGH
        if needed and not scores:
            message = f"{rule.metric} needs class probabilities, the evaluation holds none"
            yield origins.problem(("rules", index, "metric"), message)


def _missing_columns(name: str, spec: SliceSpec, schema: pa.Schema, origins: Origins) -> Iterator[Problem]:
    at = ("slices", name, "by")
    for index, column in enumerate(spec.by or ()):
        if column not in schema.names:
            message = one_of(column, schema.names, "a column of the evaluation")
            document, place = origins.find((*at, column))
            mapped = document.resolve(place) == place
            yield origins.problem((*at, column if mapped else index), message)
    if spec.where is not None:
        try:
            parse(spec.where).mask(schema.empty_table())
        except InputError as error:
            yield origins.problem(("slices", name, "where"), str(error))


def _header(evaluation: Path) -> dict[str, Any]:
    header = read_json(evaluation / "evaluation.json", "evaluate-model and import-predictions write it")
    if not isinstance(header, dict):
        raise InputError(f"{evaluation / 'evaluation.json'}: expected a mapping, got {type(header).__name__}")
    return header


def _schema(evaluation: Path, table: str) -> pa.Schema:
    path = evaluation / f"{table}.parquet"
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"cannot read {path}: {error}") from error

"""Freeze samples as a scenario, and see which scenarios a model solves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.files import write_text
from seatrial.gates.document import Document
from seatrial.gates.scenario import Expectation, Scenario, ScenarioSuite, family_of
from seatrial.metrics import METRICS, task_metrics
from seatrial.slices import MeasureOptions, SliceReport, parse
from seatrial.slices.measure import measure
from seatrial.spelling import one_of
from seatrial.statistics import Estimate, Measurement

__all__ = ["NEW_SUITE", "Solved", "add", "check", "extend"]

#: A suite without a scenario.
NEW_SUITE = "apiVersion: seatrial/v1\nscenarios:\n"
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Solved:
    """What two models make of a scenario.

    Attributes:
        name: The scenario's.
        expect: What solves it.
        candidate: The candidate's measurement.
        champion: The champion's; None where there is none.
    """

    name: str
    expect: Expectation
    candidate: Measurement
    champion: Measurement | None

    @property
    def solved(self) -> bool:
        """Whether the candidate solves it."""
        return isinstance(self.candidate, Estimate) and self.expect.solved_by(self.candidate)

    @property
    def lost(self) -> bool:
        """Whether the champion solves it and the candidate does not."""
        champion = self.champion
        return not self.solved and isinstance(champion, Estimate) and self.expect.solved_by(champion)


def add(
    suite: Path,
    name: str,
    evaluation: Path,
    *,
    because: str,
    ids: Sequence[str] = (),
    where: str | None = None,
    expect: Mapping[str, Any] | None = None,
    added: date | None = None,
) -> Scenario:
    """Freeze samples of an evaluation as a scenario at the end of a file.

    Args:
        suite: File of scenarios; a new one is begun where it is not there. What it holds stays as it is.
        name: Name of the scenario, one that the file does not have yet.
        evaluation: Evaluation folder that knows the samples, and their content where it was digested.
        because: Why they are frozen.
        ids: Their ids.
        where: Predicate that chooses them, instead of ids.
        expect: What solves it: ``metric`` and ``min`` or ``max``, perhaps ``class``. Without a bound the best
            value of a metric that is at most 1 solves it; without a metric, of a classifier alone, every
            sample has to be right.
        added: The day; None leaves it out.

    Raises:
        InputError: A file cannot be read or written, nothing or an unknown sample is chosen, or the name is
            taken.
        PolicyError: The file, or what would be added to it, is not valid.
    """
    evaluated = EvaluationTable.read(evaluation)
    text = suite.read_text(encoding="utf-8") if suite.exists() else NEW_SUITE
    extended = extend(
        text, name, evaluated, because=because, ids=ids, where=where, expect=expect, added=added, source=suite
    )
    write_text(suite, extended)
    return _parsed(extended, suite).scenarios[name]


def extend(
    text: str,
    name: str,
    evaluated: EvaluationTable,
    *,
    because: str,
    ids: Sequence[str] = (),
    where: str | None = None,
    expect: Mapping[str, Any] | None = None,
    added: date | None = None,
    source: Path,
) -> str:
    """Freeze samples of an evaluation as a scenario at the end of the text of a suite.

    Args:
        text: The suite; :data:`NEW_SUITE` begins one.
        name: See :func:`add`, as are the others.
        evaluated: What knows the samples.
        because: See above.
        ids: See above.
        where: See above.
        expect: See above.
        added: See above.
        source: What messages call the suite.

    Raises:
        InputError: Nothing or an unknown sample is chosen, or the name is taken.
        PolicyError: The text, or what would be added to it, is not valid.
    """
    table = evaluated.samples
    expected = _expected(dict(expect or {}), evaluated.header)
    before = {} if text == NEW_SUITE else _parsed(text, source).scenarios
    if name in before:
        raise InputError(
            f"{source} has a scenario {name!r} already: what is frozen stays, give it another name"
        )
    rows = _chosen(table.column("id").to_pylist(), ids, where, table)
    content = table.column("content").to_pylist() if "content" in table.column_names else [None] * len(table)
    frozen = {str(table.column("id")[row].as_py()): content[row] for row in rows}
    written: dict[str, Any] = {
        "because": because,
        **({"added": added} if added is not None else {}),
        "expect": expected,
        "samples": frozen if any(frozen.values()) else list(frozen),
    }
    block = yaml.safe_dump({name: written}, sort_keys=False, allow_unicode=True, width=_WIDTH)
    extended = text.rstrip("\n") + "\n" + "".join(f"  {line}\n" for line in block.splitlines())
    after = _parsed(extended, source)
    if {
        key: one for key, one in after.scenarios.items() if key != name
    } != before or name not in after.scenarios:
        raise InputError(
            f"{source}: expected 'scenarios' to be the last key, so that another can be added below"
        )
    return extended


def _expected(expect: dict[str, Any], header: EvaluationHeader) -> dict[str, Any]:
    """Complete an expectation, and check that the task has what it names: it is frozen for good."""
    known = task_metrics(header.task)
    if "metric" not in expect and header.task != "classification":
        raise InputError(f"say by which metric a {header.task} solves it: {', '.join(known)}")
    name = str(expect.setdefault("metric", "accuracy"))
    if name not in known:
        raise InputError(one_of(name, known, f"a metric of {header.task}"))
    if "class" in expect and expect["class"] not in header.classes:
        raise InputError(one_of(str(expect["class"]), header.classes, "a class of the evaluation"))
    if "min" not in expect and "max" not in expect:
        metric = METRICS[name]
        if not metric.higher_is_better or metric.greatest != 1.0:
            better = "higher" if metric.higher_is_better else "lower"
            raise InputError(f"{name} is better when {better}: say from which value on it is solved")
        expect["min"] = 1.0
    return expect


def _parsed(text: str, suite: Path) -> ScenarioSuite:
    Document.parse(text, str(suite))
    return ScenarioSuite.parse(text, str(suite))[0]


def _chosen(known: Sequence[str], ids: Sequence[str], where: str | None, table: Any) -> list[int]:
    if bool(ids) == (where is not None):
        raise InputError("expected either ids of samples or a predicate that chooses them")
    if where is not None:
        rows = [int(row) for row in np.flatnonzero(parse(where).mask(table))]
        if not rows:
            raise InputError(f"no sample is chosen by {where!r}")
        return rows
    places = {one: row for row, one in enumerate(known)}
    missing = [one for one in ids if one not in places]
    if missing:
        raise InputError(f"not among the samples that were evaluated: {examples(missing)}")
    return [places[one] for one in dict.fromkeys(ids)]


def check(suite: Path, evaluation: Path, *, baseline: Path | None = None) -> list[Solved]:
    """Say which scenarios a model solves, and which the champion does.

    Args:
        suite: File of scenarios.
        evaluation: The candidate's evaluation folder.
        baseline: The champion's, of the same data set; None where there is none.

    Raises:
        InputError: An evaluation cannot be read, or a frozen sample is missing or another than it was.
        PolicyError: The file is not valid.
    """
    scenarios = ScenarioSuite.load(suite)[0].scenarios
    candidate = EvaluationTable.read(evaluation)
    champion = None if baseline is None else EvaluationTable.read(baseline)
    specs = {family_of(name): one.spec for name, one in scenarios.items()}
    classes = max(len(candidate.header.classes), MeasureOptions().per_class_limit)
    options = replace(MeasureOptions(), replicates=0, per_class_limit=classes)
    report = measure(candidate, champion, specs, options)
    if not report.header["same_samples"]:
        problems = "; ".join(report.header["sample_problems"])
        raise InputError(f"candidate and champion were not evaluated on the same samples: {problems}")
    return [_solved(name, one, report) for name, one in scenarios.items()]


def _solved(name: str, scenario: Scenario, report: SliceReport) -> Solved:
    expect = scenario.expect
    row = report.find(family_of(name), expect.metric, expect.class_)
    if row is None:
        what = expect.metric if expect.class_ is None else f"{expect.metric} of class {expect.class_!r}"
        raise InputError(f"scenario {name!r}: {what} was not measured for {report.header['task']}")
    if row.n != len(scenario.samples):
        raise InputError(f"scenario {name!r}: {row.n} of its {len(scenario.samples)} samples have a label")
    return Solved(name, expect, row.candidate, row.baseline)

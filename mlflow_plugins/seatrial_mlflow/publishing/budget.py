"""Which numbers become metrics of a run: MLflow's pages stay quick up to about 200 keys.

The order is fixed, so that the same verdict always gives the same keys:

0. every overall metric of the candidate;
1. what keeps the verdict from passing, in the verdict's order, with the difference to the champion;
2. other decisions that did not pass (warnings, waived failures), then those that did;
3. the difference to the champion for every overall metric, and the candidate's metrics per class;
4. slices that changed: the paired interval excludes zero, the surest first;
5. the remaining slices, the worst of each metric in turn; "worst" is how far even the favourable bound of the
   interval stays behind the metric of everything, so that a tiny slice is not the worst by chance.

What does not fit is in the table of all slices, in the same order. So are the metrics of single classes on
slices, unless a decision judged them: each would open a group of charts of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial.gates.verdict import Decision, Outcome, Verdict
from seatrial.slices.report import ALL, SliceReport, SliceRow
from seatrial.statistics import Estimate, Measurement
from seatrial_mlflow.publishing.metric_keys import MetricKeys

__all__ = ["KEY_BUDGET", "Chosen", "Identity", "choose", "identity", "ranked"]

#: Metric keys of a run in all; measured: 300 keys × 10 runs take MLflow's chart page 11 s, 5,000 never show.
KEY_BUDGET = 200

Identity = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is logged as metrics.

    Attributes:
        candidate: Metrics of the candidate, by key; they are also metrics of the LoggedModel.
        comparison: Differences, candidate minus champion, by key.
        left_out: Numbers that did not fit.
        keys: The candidate's key of each row that got one, by (slice, metric, class).
    """

    candidate: Mapping[str, float]
    comparison: Mapping[str, float]
    left_out: int
    keys: Mapping[Identity, str]


def identity(row: SliceRow) -> Identity:
    """Give what tells a row apart in its report."""
    return row.slice, row.metric, row.class_


def choose(
    report: SliceReport, verdict: Verdict, higher_is_better: Mapping[str, bool], limit: int = KEY_BUDGET
) -> Chosen:
    """Choose at most ``limit`` numbers of a report, the most important first.

    Args:
        report: All measurements.
        verdict: What was judged.
        higher_is_better: Direction of each metric; metrics that are not named count as higher is better.
        limit: Most keys in all; none or fewer gives no metrics.
    """
    keys = MetricKeys.of(report.rows)
    candidate: dict[str, float] = {}
    comparison: dict[str, float] = {}
    named: dict[Identity, str] = {}
    left_out: set[str] = set()
    judged = {identity(row) for row in _judged(report, verdict)}
    for row, versus in _numbers(report, verdict, higher_is_better):
        value = _value(row, versus=versus)
        if value is None:
            continue
        key = keys.key(row, versus=versus)
        target = comparison if versus else candidate
        if key in target or key in left_out:
            continue
        of_class = row.slice != ALL and row.class_ is not None and identity(row) not in judged
        if of_class or len(candidate) + len(comparison) >= limit:
            left_out.add(key)
            continue
        target[key] = value
        if not versus:
            named[identity(row)] = key
    return Chosen(candidate, comparison, len(left_out), named)


def ranked(
    report: SliceReport, verdict: Verdict, higher_is_better: Mapping[str, bool]
) -> tuple[SliceRow, ...]:
    """Order every row of a report by importance, each once."""
    order = {identity(row): row for row, _ in _numbers(report, verdict, higher_is_better)}
    return tuple(order.values())


def _numbers(
    report: SliceReport, verdict: Verdict, higher_is_better: Mapping[str, bool]
) -> Iterator[tuple[SliceRow, bool]]:
    whole = [row for row in report.rows if row.slice == ALL]
    overall = [row for row in whole if row.class_ is None]
    yield from _each(overall, False)
    yield from _each(_judged(report, verdict), False, True)
    yield from _each(overall, True)
    yield from _each((row for row in whole if row.class_ is not None), False)
    sliced = [row for row in report.rows if row.slice != ALL]
    yield from _each(_changed(sliced), False, True)
    yield from _each(_worst_first(sliced, overall, higher_is_better), False)


def _each(rows: Iterable[SliceRow], *versus: bool) -> Iterator[tuple[SliceRow, bool]]:
    return ((row, one) for row in rows for one in versus)


def _value(row: SliceRow, *, versus: bool) -> float | None:
    if versus:
        return None if row.difference is None else row.difference.value
    return row.candidate.value if isinstance(row.candidate, Estimate) else None


def _judged(report: SliceReport, verdict: Verdict) -> Iterator[SliceRow]:
    by_metric: dict[tuple[str, str, str | None], list[SliceRow]] = {}
    for row in report.rows:
        for name in dict.fromkeys((row.slice, row.family)):
            by_metric.setdefault((name, row.metric, row.class_), []).append(row)
    for decision in sorted(verdict.decisions, key=_tier):
        if decision.metric is not None:
            yield from by_metric.get((decision.slice, decision.metric, decision.class_), ())


def _tier(decision: Decision) -> int:
    if decision.blocking:
        return 0
    return 2 if decision.outcome is Outcome.PASS and decision.waiver is None else 1


def _changed(rows: Iterable[SliceRow]) -> list[SliceRow]:
    def excludes_zero(row: SliceRow) -> bool:
        return row.difference is not None and (row.difference.low > 0 or row.difference.high < 0)

    def surety(row: SliceRow) -> tuple[float, float]:
        assert row.difference is not None
        p = row.difference.p_worse
        return min(p, 1 - p), -abs(row.difference.value)

    return sorted(filter(excludes_zero, rows), key=surety)


def _worst_first(
    rows: Sequence[SliceRow], overall: Iterable[SliceRow], higher_is_better: Mapping[str, bool]
) -> list[SliceRow]:
    whole = {row.metric: row.candidate for row in overall}
    by_metric: dict[tuple[bool, str], list[tuple[float, int]]] = {}
    for number, row in enumerate(rows):
        behind = _behind(row.candidate, whole.get(row.metric), higher_is_better.get(row.metric, True))
        by_metric.setdefault((row.class_ is not None, row.metric), []).append((-behind, number))
    places = []
    for order, ((per_class, _), found) in enumerate(by_metric.items()):
        places += [
            (per_class, rank, order, number) for rank, (_, number) in enumerate(sorted(found), start=1)
        ]
    return [rows[number] for *_, number in sorted(places)]


def _behind(measured: Measurement, whole: Measurement | None, higher: bool) -> float:
    if not isinstance(measured, Estimate):
        return float("-inf")
    reference = whole.value if isinstance(whole, Estimate) else 0.0
    bound = measured.high if higher else measured.low
    favourable = measured.value if bound is None else bound
    return reference - favourable if higher else favourable - reference

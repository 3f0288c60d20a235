"""Check ``drift``: columns that are distributed otherwise than in the reference, told by Evidently."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.files import write_text
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.embedding_drift import embedding_drift
from seatrial.quality.evidently_engine import DriftTest, ValueDrift, measure_drift
from seatrial.quality.finding import Finding
from seatrial.quality.frames import columns_of, joined
from seatrial.quality.options import CheckOptions

__all__ = ["drift", "drift_tests"]

_PAGE = "evidently_drift.html"


def drift(given: CheckInput) -> Found:
    """Report each column whose distribution differs from the reference's, one finding each.

    Looked at: metadata, label, image properties and, where evaluations of both data sets were given,
    prediction, confidence and embeddings. The score of a distance is the distance, that of a test 1 − p, of
    embeddings the AUROC. The page is Evidently's, of the columns.
    """
    reference = joined(given.needs_reference())
    embedded = embedding_drift(given.evaluation, given.reference_evaluation, given.options)
    data = joined(given.data)
    data, reference = (_thinned(table, given.options.drift_max_rows) for table in (data, reference))
    tests = drift_tests(data, reference, given.options)
    if not tests:
        if embedded:
            return Found(tuple(embedded))
        raise NotApplicableError(
            f"no column has {given.options.drift_min_n} values in the data set and in the reference"
        )
    results, page = measure_drift(data, reference, tests)
    write_text(given.pages / _PAGE, page)
    found = [_finding(one) for one in results if one.drifted]
    return Found((*embedded, *found), {"Evidently": _PAGE})


def drift_tests(data: pa.Table, reference: pa.Table, options: CheckOptions) -> dict[str, DriftTest]:
    """Choose how each column is tested.

    Numbers: Kolmogorov–Smirnov at ``drift_alpha``, divided by the number of columns (Bonferroni), up to
    1,000 values; above, where it would find differences that do not matter, the Wasserstein distance in
    standard deviations. Categories: Jensen–Shannon distance, with a threshold raised by what chance alone
    brings, as a multiple χ²(k − 1) of (1/n + 1/m)/8 (its null distribution). Evidently's own χ² test is
    not used: it takes the reference for the exact distribution and finds drift in equal samples.

    Args:
        data: Joined table of the data set.
        reference: Joined table of the reference.
        options: Thresholds.
    """
    here, there = columns_of(data), columns_of(reference)
    numeric = [one for one in here.numeric if one in there.numeric and _full(one, data, reference, options)]
    categorical = [
        one
        for one in here.categorical
        if one in there.categorical
        and _full(one, data, reference, options)
        and len(_values(data, one) | _values(reference, one)) <= options.drift_max_values
    ]
    alpha = options.drift_alpha / max(1, len(numeric) + len(categorical))
    tests: dict[str, DriftTest] = {}
    for name in numeric:
        n = min(_count(data, name), _count(reference, name))
        large = n > options.drift_test_max_n
        tests[name] = (
            DriftTest("wasserstein", options.drift_distance, numeric=True)
            if large
            else DriftTest("ks", alpha, numeric=True)
        )
    for name in categorical:
        threshold = _distance_threshold(data, reference, name, alpha, options)
        tests[name] = DriftTest("jensenshannon", threshold, numeric=False)
    return tests


def _distance_threshold(
    data: pa.Table, reference: pa.Table, name: str, alpha: float, options: CheckOptions
) -> float:
    from scipy.special import gammaincinv

    values = len(_values(data, name) | _values(reference, name))
    noise = (1 / _count(data, name) + 1 / _count(reference, name)) / 8
    chance = 2 * float(gammaincinv(max(1, values - 1) / 2, 1 - alpha)) * noise  # χ²'s quantile
    return float(np.sqrt(options.drift_distance**2 + chance))


def _full(name: str, data: pa.Table, reference: pa.Table, options: CheckOptions) -> bool:
    return min(_count(data, name), _count(reference, name)) >= options.drift_min_n


def _count(table: pa.Table, name: str) -> int:
    column = table.column(name)
    if pa.types.is_floating(column.type):
        return int(pc.sum(pc.is_finite(column)).as_py() or 0)
    return len(column) - int(column.null_count)


def _values(table: pa.Table, name: str) -> set[str]:
    return {str(value) for value in pc.unique(table.column(name)).to_pylist() if value is not None}


def _thinned(table: pa.Table, most: int) -> pa.Table:
    if table.num_rows <= most:
        return table
    return table.take(np.linspace(0, table.num_rows - 1, most).round().astype(np.int64))


_METHODS: Mapping[str, str] = {
    "ks": "Kolmogorov–Smirnov p",
    "wasserstein": "Wasserstein distance in standard deviations",
    "jensenshannon": "Jensen–Shannon distance",
}


def _finding(result: ValueDrift) -> Finding:
    test = result.test
    bound = "below" if test.is_p_value else "at least"
    message = (
        f"column {result.column!r} is distributed otherwise than in the reference: "
        f"{_METHODS[test.method]} {result.score:.3g}, drift {bound} {test.threshold:.3g}"
    )
    evidence = {
        "column": result.column,
        "method": test.method,
        "value": result.score,
        "threshold": test.threshold,
    }
    score = 1 - result.score if test.is_p_value else result.score
    return Finding("drift", "warning", message, (), float(score), evidence)

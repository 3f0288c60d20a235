"""The paired bootstrap of a slice by brute force: weighted scikit-learn, one replicate at a time."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.slices import MeasureOptions, SliceSpec
from seatrial.slices.measure import measure
from seatrial.statistics import PoissonWeights

N = 240
OPTIONS = MeasureOptions(replicates=120, seed=3, confidence=0.9)


def evaluation(name, skill, groups):
    truth = np.random.default_rng(0).integers(0, 3, N)
    source = np.random.default_rng(len(name))
    taken = np.where(source.random(N) < skill, truth, source.integers(0, 3, N))
    table = pa.table(
        {
            "id": [f"i{row}" for row in range(N)],
            "uri": pa.nulls(N, pa.string()),
            "label": list(map(str, truth)),
            "prediction": list(map(str, taken)),
            "confidence": pa.nulls(N, pa.float64()),
            "loss": pa.nulls(N, pa.float64()),
            "group": pa.array(groups, pa.string()),
            "content": pa.nulls(N, pa.string()),
            "site": ["A", "B"] * (N // 2),
        }
    )
    header = EvaluationHeader("classification", ("0", "1", "2"), name, f"sha256:{name}", "d", "sha256:d", N)
    return EvaluationTable(header, table), truth, taken


@pytest.mark.parametrize("grouped", [False, True])
def test_intervals_and_p_are_those_of_weighted_scikit_learn(grouped):
    groups = [f"scene{row // 8}" if grouped and row % 7 else None for row in range(N)]
    texts = [f"id i{row}" if group is None else f"group {group}" for row, group in enumerate(groups)]
    candidate, truth, ours = evaluation("candidate", 0.7, groups)
    champion, _, theirs = evaluation("champ", 0.75, groups)
    report = measure(candidate, champion, {"site": SliceSpec(by={"site": None})}, OPTIONS)
    row = report.find("site=B", "f1")

    weights = PoissonWeights(3, texts).block(0, 120)[:, 1::2]

    def draw(taken):
        return np.array(
            [
                f1_score(truth[1::2][w > 0], taken[1::2][w > 0], sample_weight=w[w > 0], average="macro")
                for w in weights
            ]
        )

    def corrected(draws, value):
        return draws - 2 * (draws.mean() - value)

    low, high = np.quantile(corrected(draw(ours), row.candidate.value), [0.05, 0.95])
    assert (row.candidate.low, row.candidate.high) == pytest.approx((low, high), abs=1e-12)
    differences = corrected(draw(ours) - draw(theirs), row.difference.value)
    low, high = np.quantile(differences, [0.05, 0.95])
    assert (row.difference.low, row.difference.high) == pytest.approx((low, high), abs=1e-12)
    error = np.std(draw(ours) - draw(theirs))
    units = len(set(texts[1::2]))
    expected = stats.t.cdf(row.difference.value / error, df=units - 1)
    assert row.difference.p_worse == pytest.approx(expected, rel=1e-9)

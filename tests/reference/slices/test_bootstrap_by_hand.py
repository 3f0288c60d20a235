"""The paired bootstrap of a slice by brute force: weighted scikit-learn, one replicate at a time."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import f1_score
from statsmodels.stats.proportion import proportion_confint

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.slices import MeasureOptions, SliceSpec
from seatrial.slices.measure import measure
from seatrial.statistics import PoissonWeights
from seatrial.statistics.paired import tango_score

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

    units = len(set(texts[1::2]))
    whole, t = np.sqrt(units / (units - 1)), stats.t.ppf(0.95, units - 1)

    value, draws = row.candidate.value, draw(ours)
    worth = value * (1 - value) / (draws.std() * whole) ** 2
    wilson = proportion_confint(value * worth, worth, alpha=2 * stats.norm.sf(t), method="wilson")
    expected = [bound - (draws.mean() - value) for bound in wilson]
    assert (row.candidate.low, row.candidate.high) == pytest.approx(expected, abs=1e-12)

    differences, apart, n = draw(ours) - draw(theirs), row.difference.value, 120
    error, bias = differences.std() * whole, differences.mean() - apart
    psi = n * error**2 + apart**2
    better, worse = n * (psi + apart) / 2, n * (psi - apart) / 2
    for bound, score in ((row.difference.low, t), (row.difference.high, -t)):
        assert tango_score(better, worse, n, bound + bias) == pytest.approx(score, abs=1e-9)
    expected = stats.t.cdf(row.difference.value / error, df=units - 1)
    assert row.difference.p_worse == pytest.approx(expected, rel=1e-9)

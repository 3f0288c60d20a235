"""From evaluations to a verdict: neither the order of rows and shards nor the names of classes matter."""

from datetime import date

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.gates import Policy, decide
from seatrial.slices import MeasureOptions
from seatrial.slices.measure import measure

SIZE, CLASSES = 60, ("cat", "dog", "owl")
RULES = """\
  - {id: floor, type: min, metric: accuracy, value: 0.6}
  - {id: f1, type: min, metric: f1, value: 0.55}
  - {id: own, type: min, metric: recall, class: CLASS, value: 0.6, min_n: 5}
  - {id: sites, type: no_regression, metric: accuracy, slice: site, min_n: 5}
  - {id: kept, type: non_inferior, metric: f1, margin: 0.1}
  - {id: fair, type: gap, metric: accuracy, slice: site, max: 0.5, min_n: 5}
  - {id: covered, type: coverage, slice: site, min_n: 15}
  - {id: solved, type: scenario}
"""
HEAD = """\
apiVersion: seatrial/v1
statistics: {replicates: 40}
slices: {site: {by: [site]}}
scenarios:
  bug: {because: it happened, expect: {metric: accuracy, min: 0.5}, samples: [i1, i7, i30]}
rules:
"""

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=8, deadline=None)


def evaluation(seed, names=CLASSES, skill=0.7):
    """Evaluate: the truth and the sites are always the same, the predictions go by the seed."""
    fixed, source = np.random.default_rng(0), np.random.default_rng(seed)
    truth = fixed.integers(0, len(names), SIZE)
    said = np.where(source.random(SIZE) < skill, truth, source.integers(0, len(names), SIZE))
    table = pa.table(
        {
            "id": [f"i{row}" for row in range(SIZE)],
            "uri": pa.nulls(SIZE, pa.string()),
            "label": [names[code] for code in truth],
            "prediction": [names[code] for code in said],
            "confidence": pa.nulls(SIZE, pa.float64()),
            "loss": pa.nulls(SIZE, pa.float64()),
            "group": pa.nulls(SIZE, pa.string()),
            "content": pa.nulls(SIZE, pa.string()),
            "site": [f"s{code}" for code in fixed.integers(0, 3, SIZE)],
        }
    )
    header = EvaluationHeader(
        "classification", tuple(names), f"m{seed}", f"sha256:{seed}", "zoo", "sha256:zoo", SIZE
    )
    return EvaluationTable(header, table)


def verdict(candidate, champion, class_="cat"):
    policy = Policy.parse(HEAD + RULES.replace("CLASS", class_), "policy.yaml")
    options = MeasureOptions(replicates=40, per_class_limit=3)
    report = measure(candidate, champion, policy.specs, options)
    return decide(policy, report, today=date(2026, 6, 15), inputs={})


def taken(table, order):
    return EvaluationTable(table.header, table.samples.take(pa.array(order)))


def shards(table, count):
    parts = []
    for index in range(count):
        rows = [row for row in range(SIZE) if row % count == index]
        header = EvaluationHeader(**{**vars_of(table.header), "shard": (index, count)})
        parts.append(EvaluationTable(header, table.samples.take(pa.array(rows))))
    return parts


def vars_of(header):
    return {name: getattr(header, name) for name in header.__slots__}


@few
@given(seed=seeds, order=st.permutations(range(SIZE)))
def test_the_order_of_the_samples_never_matters(seed, order):
    candidate, champion = evaluation(seed), evaluation(seed + 1)
    expected = verdict(candidate, champion).to_json()
    assert verdict(taken(candidate, order), taken(champion, order)).to_json() == expected


@few
@given(seed=seeds, count=st.integers(2, 5), data=st.data())
def test_shards_and_their_order_never_matter(seed, count, data):
    candidate, champion = evaluation(seed), evaluation(seed + 1)
    expected = verdict(candidate, champion).to_json()
    merged = [
        EvaluationTable.merge(data.draw(st.permutations(shards(one, count)))) for one in (candidate, champion)
    ]
    assert verdict(*merged).to_json() == expected


@few
@given(seed=seeds, renamed=st.permutations(["a", "b b", "ü"]))
def test_the_names_of_classes_never_matter(seed, renamed):
    before = verdict(evaluation(seed), evaluation(seed + 1))
    after = verdict(evaluation(seed, renamed), evaluation(seed + 1, renamed), repr(renamed[0]))
    assert after.outcome is before.outcome
    for one, other in zip(before.decisions, after.decisions, strict=True):
        assert (one.rule, one.slice, one.outcome, one.value, one.low, one.high, one.n_needed) == (
            other.rule,
            other.slice,
            other.outcome,
            other.value,
            other.low,
            other.high,
            other.n_needed,
        )

"""``off_core``: the mean over what is known, on any weights."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import ClassificationSamples, compute

NAN = float("nan")


def samples(*shares):
    n = len(shares)
    zeros = np.zeros(n, dtype=np.int32)
    return ClassificationSamples(zeros, zeros, None, ("cat",), off_core=np.array(shares))


def once(given, weights=None):
    index = np.arange(len(given))
    weights = np.ones((1, len(given))) if weights is None else np.array(weights)
    return compute(given, index, weights, ["off_core"], per_class=True)["off_core", None]


def test_it_is_the_mean_over_what_is_known():
    found = once(samples(0.2, NAN, 0.4))
    assert found.values.tolist() == pytest.approx([0.3])
    assert (found.n, found.reason) == (2, "")


def test_a_weight_counts_as_so_many_copies():
    found = once(samples(0.2, NAN, 0.4), [[3, 5, 1], [0, 2, 0]])
    assert found.values[0] == pytest.approx(0.25)
    assert np.isnan(found.values[1])


@pytest.mark.parametrize("given", [samples(NAN, NAN), samples()])
def test_without_any_share_it_says_so(given):
    found = once(given)
    assert found.n == 0
    assert found.reason in {
        "no explained image with a core (measure with explanations)",
        "no labelled sample",
    }


def test_shares_are_read_from_an_evaluation_and_checked():
    def table(*shares):
        header = EvaluationHeader("classification", ("cat",), "m", "", "d", "", len(shares))
        columns = {"id": [f"i{row}" for row in range(len(shares))], "label": ["cat"] * len(shares)}
        return EvaluationTable(
            header, pa.table({**columns, "prediction": ["cat"] * len(shares), "off_core": list(shares)})
        )

    found, _ = ClassificationSamples.from_evaluation(table(0.5, None))
    assert found.off_core[0] == 0.5
    assert np.isnan(found.off_core[1])
    with pytest.raises(
        InputError, match=r"id 'i1', column 'off_core': expected a share in \[0, 1\], got 1.5"
    ):
        ClassificationSamples.from_evaluation(table(0.5, 1.5))

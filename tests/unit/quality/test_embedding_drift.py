"""Whether embeddings of two data sets are of one distribution."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, mannwhitneyu, wasserstein_distance
from sklearn.metrics import roc_auc_score

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.quality import CheckOptions
from seatrial.quality.embedding_drift import _test, embedding_drift, measure_embedding_drift
from seatrial.quality.evidently_engine import DriftTest, measure_drift


def vectors(seed, n=120, shift=0.0, width=24):
    found = np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)
    found[:, :3] += shift
    return found


def evaluation(embeddings, model="m"):
    n = 0 if embeddings is None else len(embeddings)
    header = EvaluationHeader("classification", ("a", "b"), model, f"sha256:{model}", "d", "sha256:0", n)
    samples = pa.table({"id": [f"s{row}" for row in range(n)]})
    return EvaluationTable(header, samples, embeddings=embeddings)


def test_one_distribution_is_quiet_in_about_as_many_cases_as_asked_for():
    p = [measure_embedding_drift(vectors(seed, 40), vectors(seed + 1000, 40)).p for seed in range(60)]
    assert np.mean(np.array(p) < 0.05) <= 0.12


def test_a_shift_is_found_and_names_the_samples_that_are_unlike_the_reference():
    data = vectors(1)
    data[:30] += 1.5
    (finding,) = embedding_drift(evaluation(data), evaluation(vectors(2)), CheckOptions())
    assert finding.check == "drift"
    assert finding.evidence["column"] == "embeddings"
    assert finding.evidence["value"] > 0.6
    assert sum(int(one[1:]) < 30 for one in finding.sample_ids) >= 0.8 * len(finding.sample_ids)


def test_the_auroc_and_its_p_are_those_of_scikit_learn_and_scipy():
    rng = np.random.default_rng(0)
    data, reference = rng.normal(0.3, 1, 300), rng.normal(0, 1, 200)
    auroc, p = _test(data, reference)
    labels = np.repeat([1, 0], [300, 200])
    assert auroc == pytest.approx(roc_auc_score(labels, np.concatenate([data, reference])))
    theirs = mannwhitneyu(data, reference, alternative="greater", method="asymptotic", use_continuity=False)
    assert p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_scenes_of_many_images_do_not_look_like_drift():
    rng = np.random.default_rng(3)
    scenes = rng.normal(size=(24, 24)).astype(np.float32)
    data = np.repeat(scenes[:12], 20, axis=0) + 0.05 * vectors(4, 240)
    reference = np.repeat(scenes[12:], 20, axis=0) + 0.05 * vectors(5, 240)
    units = [[f"{side}{row // 20}" for row in range(240)] for side in "ab"]
    together = measure_embedding_drift(data, reference, *units)
    apart = measure_embedding_drift(data, reference)
    assert apart.auroc > 0.95  # whoever has seen a scene knows its other images
    assert together.auroc < 0.75


@pytest.mark.parametrize(
    ("data", "reference"),
    [
        (None, evaluation(vectors(1))),
        (evaluation(vectors(1, shift=3)), None),
        (evaluation(vectors(1, shift=3)), evaluation(vectors(2), model="another")),
        (evaluation(vectors(1, 10, shift=3)), evaluation(vectors(2))),
        (evaluation(None), evaluation(vectors(2))),
    ],
)
def test_without_enough_embeddings_of_one_model_nothing_is_said(data, reference):
    assert embedding_drift(data, reference, CheckOptions()) == []


def test_the_same_embeddings_give_the_same_numbers():
    first, second = (measure_embedding_drift(vectors(1, shift=0.5), vectors(2)) for _ in range(2))
    assert (first.auroc, first.p) == (second.auroc, second.p)


def test_each_columns_number_is_its_own_and_scipys():
    rng = np.random.default_rng(0)

    def table(shift):
        found = {f"x{column}": rng.normal(shift * column, 1 + column, 400) for column in range(3)}
        for column in range(3):
            change = shift * column / 10
            shares = [0.5 - change, 0.3, 0.2 + change]
            found[f"t{column}"] = rng.choice(["a", "b", "c"], 400, p=shares).tolist()
        return pa.table(found)

    data, reference = table(1.0), table(0.0)
    tests = {
        "x0": DriftTest("ks", 0.01, numeric=True),
        "x1": DriftTest("ks", 0.01, numeric=True),
        "x2": DriftTest("wasserstein", 0.1, numeric=True),
        **{f"t{column}": DriftTest("jensenshannon", 0.1, numeric=False) for column in range(3)},
    }
    scores = {one.column: one.score for one in measure_drift(data, reference, tests)[0]}
    for name in ("x0", "x1"):
        theirs = ks_2samp(reference[name].to_numpy(), data[name].to_numpy()).pvalue
        assert scores[name] == pytest.approx(theirs, rel=1e-6, abs=1e-12)
    there, here = (one["x2"].to_numpy() for one in (reference, data))
    assert scores["x2"] == pytest.approx(wasserstein_distance(there, here) / there.std(), rel=1e-2)
    for column in range(3):
        texts = [one[f"t{column}"].to_pylist() for one in (data, reference)]
        shares = [np.array([one.count(value) for value in "abc"]) / 400 for one in texts]
        assert scores[f"t{column}"] == pytest.approx(float(jensenshannon(*shares)), rel=1e-6)
    assert len({round(one, 9) for one in scores.values()}) == 6

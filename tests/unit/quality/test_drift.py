"""Drift between a data set and its reference."""

import re

import numpy as np
import pyarrow as pa
import pytest

from seatrial.quality import CheckOptions, NotApplicableError
from seatrial.quality.drift import drift, drift_tests
from seatrial.quality.evidently_engine import measure_drift


def noise(seed=0, height=12, width=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def table_only(manifest, folder, n, **columns):
    return manifest({f"{folder}{row}": None for row in range(n)}, folder=folder, **columns)


def drifted(found):
    return {one.evidence["column"]: one for one in found.findings}


def columns(seed, n, shift=0.0, share=0.5):
    rng = np.random.default_rng(seed)
    return {
        "temperature": pa.array(rng.normal(shift, 1, n)),
        "power": pa.array(rng.normal(0, 1, n)),
        "site": pa.array(rng.choice(["n", "s"], n, p=[share, 1 - share]).tolist()),
        "night": pa.array((rng.random(n) < 0.5).tolist()),
    }


def test_shifted_metadata_drifts_and_the_rest_does_not(manifest, given):
    data = table_only(manifest, "data", 200, **columns(1, 200, shift=1.0, share=0.9))
    reference = table_only(manifest, "train", 300, **columns(2, 300))
    looked_at = given(data, reference)
    found = drift(looked_at)
    assert set(drifted(found)) == {"temperature", "site"}
    assert "Kolmogorov–Smirnov p" in drifted(found)["temperature"].message
    assert (looked_at.pages / found.pages["Evidently"]).stat().st_size > 1_000_000


def test_darker_images_drift(manifest, given):
    data = manifest({f"n{seed}": noise(seed) // 2 for seed in range(30)})
    reference = manifest({f"n{seed}": noise(seed) for seed in range(30)}, folder="train")
    assert {"brightness", "contrast"} <= set(drifted(drift(given(data, reference))))


def test_the_page_is_the_same_twice_and_fetches_nothing(manifest, given):
    data = table_only(manifest, "data", 40, **columns(1, 40))
    reference = table_only(manifest, "train", 40, **columns(2, 40))
    looked_at = given(data, reference)
    pages = []
    for _ in range(2):
        drift(looked_at)
        pages.append((looked_at.pages / "evidently_drift.html").read_text())
    assert pages[0] == pages[1]
    assert not re.search(r"<(script|img|iframe)\b[^>]*\bsrc\s*=|<link\b|url\(https?:", pages[0])
    assert "default-src 'none'" in pages[0][:1000]


def test_columns_without_enough_values_are_left_out(manifest, given):
    sparse = pa.array([1.0] * 10 + [None] * 30)
    data = table_only(manifest, "data", 40, sparse=sparse, odd=pa.array([float("nan")] * 40))
    reference = table_only(manifest, "train", 40, sparse=sparse, odd=pa.array([1.0] * 40))
    tests = drift_tests(data.table, reference.table, CheckOptions())
    assert set(tests) == {"label"}


def test_identifiers_are_not_categories(manifest):
    data = table_only(manifest, "data", 60, file=pa.array([f"f{row}" for row in range(60)]))
    assert set(drift_tests(data.table, data.table, CheckOptions())) == {"label"}


def test_large_columns_are_judged_by_distance():
    rng = np.random.default_rng(0)
    large = pa.table({"x": rng.normal(0, 1, 5000)})
    test = drift_tests(large, large, CheckOptions())["x"]
    assert (test.method, test.threshold) == ("wasserstein", 0.1)


def test_data_too_small_for_any_test_is_skipped(manifest, given):
    data = table_only(manifest, "data", 5)
    with pytest.raises(NotApplicableError, match="no column has 20 values"):
        drift(given(data, table_only(manifest, "train", 5)))


def test_a_reference_is_needed(manifest, given):
    with pytest.raises(NotApplicableError, match="no reference"):
        drift(given(table_only(manifest, "data", 30)))


def test_equal_distributions_hardly_ever_drift():
    """Twelve columns, 40 times: at 5 % over all columns together about 2 of 40 runs may speak."""
    loud = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)

        def sample(n, rng=rng):
            numbers = {f"x{k}": rng.normal(0, 1, n) for k in range(6)}
            texts = {f"c{k}": rng.choice(list("abcdefgh")[: k + 2], n).tolist() for k in range(6)}
            return pa.table(numbers | texts)

        data, reference = sample(80), sample(60)
        results = _judge(data, reference)
        loud += any(results.values())
    assert loud <= 5


def _judge(data, reference):
    """Judge as Evidently does, without its page: 40 reports would take minutes."""
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import ks_2samp

    judged = {}
    for name, test in drift_tests(data, reference, CheckOptions()).items():
        here, there = data.column(name).to_pylist(), reference.column(name).to_pylist()
        if test.numeric:
            judged[name] = ks_2samp(there, here).pvalue < test.threshold
        else:
            values = sorted(set(here) | set(there))
            shares = [[side.count(one) / len(side) for one in values] for side in (here, there)]
            judged[name] = jensenshannon(*shares) >= test.threshold
    return judged


def test_evidently_computes_what_scipy_does():
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(5)
    data = pa.table({"x": rng.normal(0.3, 1, 90), "c": rng.choice(["a", "b"], 90, p=[0.2, 0.8]).tolist()})
    reference = pa.table({"x": rng.normal(0, 1, 70), "c": rng.choice(["a", "b"], 70).tolist()})
    tests = drift_tests(data, reference, CheckOptions())
    results, _ = measure_drift(data, reference, tests)
    scores = {one.column: one.score for one in results}
    x = [side.column("x").to_numpy() for side in (reference, data)]
    shares = [
        [side.column("c").to_pylist().count(one) / len(side) for one in "ab"] for side in (reference, data)
    ]
    assert scores["x"] == pytest.approx(ks_2samp(*x).pvalue, rel=1e-9)
    assert scores["c"] == pytest.approx(jensenshannon(*shares), rel=1e-6)

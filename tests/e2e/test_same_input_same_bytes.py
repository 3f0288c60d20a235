"""The same input gives the same bytes, however often it is run and however it is cut into shards."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from seatrial.digests import digest_file, digest_tree
from seatrial.inference import ModelOptions, Preprocess
from seatrial.steps import (
    check_data,
    decide_promotion,
    evaluate_model,
    measure_slices,
    merge_shards,
    render_report,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
OPTIONS = ModelOptions(preprocess=Preprocess(resize=32, crop=None, mean=(0, 0, 0), std=(1, 1, 1)))
POLICY = """\
apiVersion: seatrial/v1
slices:
  ink: {by: [ink]}
  light: {by: {brightness: {bins: quantile, n: 3}}}
rules:
  - {id: floor, type: min, metric: f1, value: 0.8, severity: block}
  - {id: ink, type: no_regression, metric: accuracy, slice: ink, correction: holm, severity: block}
  - {id: light, type: non_inferior, metric: brier, slice: light, margin: 0.05, severity: block}
  - {id: broken, type: data, check: broken, max_count: 0, severity: block}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Handwritten digits with two trained models."""
    folder = tmp_path_factory.mktemp("digits")
    subprocess.run([sys.executable, ROOT / "examples" / "digits.py", folder], check=True, capture_output=True)
    (folder / "policy.yaml").write_text(POLICY)
    return folder


def _evaluate(project, model, out, **options):
    return evaluate_model.run(
        str(project / f"{model}.pt2"),
        f"table:{project}/test.csv",
        out,
        options=OPTIONS,
        device="cpu",
        **options,
    )


def _voyage(project, out):
    """Run every step and give the digest of everything that they write."""
    for model in ("champion", "candidate"):
        _evaluate(project, model, out / model)
    dataset, reference = f"table:{project}/test.csv", f"table:{project}/train.csv"
    check_data.run(dataset, out / "quality", reference=reference, evaluation=out / "candidate")
    measure_slices.run(
        out / "candidate", out / "slices", baseline=out / "champion", policy=project / "policy.yaml"
    )
    decide_promotion.run(
        project / "policy.yaml",
        out / "slices",
        out / "verdict",
        quality=out / "quality",
        today=date(2026, 1, 1),
    )
    render_report.run(
        out / "report.html",
        evaluation=out / "candidate",
        baseline=out / "champion",
        slices=out / "slices",
        quality=out / "quality",
        verdict=out / "verdict" / "verdict.json",
    )
    return {path.name: digest_tree(path) for path in sorted(out.iterdir()) if not path.name.startswith(".")}


def test_two_runs_write_the_same_bytes(project, tmp_path):
    first, second = _voyage(project, tmp_path / "first"), _voyage(project, tmp_path / "second")
    assert set(first) == {"champion", "candidate", "quality", "slices", "verdict", "report.html"}
    assert first == second


@pytest.mark.parametrize("count", [2, 5])
def test_any_sharding_gives_the_same_numbers(project, tmp_path, count):
    _evaluate(project, "candidate", tmp_path / "whole")
    shards = [tmp_path / f"shard-{index}" for index in range(count)]
    for index, shard in enumerate(shards):
        _evaluate(project, "candidate", shard, shard=(index, count))
    merge_shards.run(shards[::-1], tmp_path / "merged")
    for name in ("whole", "merged"):
        measure_slices.run(tmp_path / name, tmp_path / f"{name}-slices", policy=project / "policy.yaml")
    assert digest_file(tmp_path / "merged" / "samples.parquet") == digest_file(
        tmp_path / "whole" / "samples.parquet"
    )
    assert digest_tree(tmp_path / "merged-slices") == digest_tree(tmp_path / "whole-slices")

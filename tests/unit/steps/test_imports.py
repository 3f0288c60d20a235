"""A step's process starts at once: what it does not use is not imported."""

import json
import pkgutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import seatrial.steps
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples

_SERVICES = {"mlflow", "kfp", "kubernetes"}
_LARGE = {"torch", "torchvision", "evidently", "great_expectations", "umap", "faiss", "sklearn", "matplotlib"}
_HEAVY = {*_SERVICES, *_LARGE, "numba", "pandas", "plotly", "scipy.stats", "cleanlab", "captum", "open_clip"}

_POLICY = """\
apiVersion: seatrial/v1
baseline: {on_missing: skip}
statistics: {replicates: 20}
defaults: {min_n: 2}
slices: {brightness: {by: {brightness: {bins: quantile, n: 2}}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.1, use: point, severity: block}
"""


def _loaded(program):
    """Run a program in a new process and give which of the heavy modules it has loaded at its end."""
    end = f"\nimport json, sys\nprint(json.dumps([one for one in {sorted(_HEAVY)!r} if one in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program + end], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_all_steps_together_imports_nothing_heavy():
    names = [one.name for one in pkgutil.iter_modules(seatrial.steps.__path__)]
    assert "find_blind_spots" in names
    assert not _loaded("\n".join(f"import seatrial.steps.{name}" for name in names))


def test_what_components_and_plugins_call_imports_nothing_heavy():
    components = ("display", "evaluation", "resolution", "data_quality", "edge_cases", "explanation")
    plugins = ("publish_run", "promote_model", "uses", "fetch_verdict", "notify")
    modules = [f"seatrial_components.{one}" for one in components]
    modules += [f"seatrial_mlflow.{one}" for one in plugins]
    assert not _loaded("\n".join(f"import {one}" for one in modules))


@pytest.fixture
def evaluation(tmp_path):
    """Write an evaluation of 40 images."""
    rng = np.random.default_rng(0)
    scores = rng.dirichlet((1, 1), 40).astype(np.float32)
    nothing = pa.nulls(40, pa.string())
    images = {"id": [str(one) for one in range(40)], "label": ["a", "b"] * 20, "group": nothing}
    images |= {"uri": nothing, "content": nothing, "brightness": rng.random(40)}
    best = scores.argmax(axis=1)
    confidences = scores.max(axis=1).astype(np.float64)
    samples = classification_samples(pa.table(images), ("a", "b"), best, confidences, scores)
    header = EvaluationHeader("classification", ("a", "b"), "m", "sha256:m", "d", "sha256:d", 40)
    EvaluationTable(header, samples, scores).write(tmp_path / "evaluation")
    return tmp_path / "evaluation"


def test_measuring_and_judging_load_no_framework_and_no_service(evaluation, tmp_path):
    (tmp_path / "policy.yaml").write_text(_POLICY, encoding="utf-8")
    measuring = f"""
from pathlib import Path
from seatrial.steps import decide_promotion, measure_slices
folder = Path({str(tmp_path)!r})
policy = folder / "policy.yaml"
measure_slices.run(folder / "evaluation", folder / "slices", policy=policy)
decide_promotion.run(policy, folder / "slices", folder / "verdict")
"""
    # PyArrow asks pandas, where it is installed, whether a list is one of its arrays
    assert _loaded(measuring) <= {"pandas"}
    assert (tmp_path / "verdict" / "verdict.json").exists()


def test_showing_a_report_loads_no_framework_and_no_service(evaluation, tmp_path):
    test_measuring_and_judging_load_no_framework_and_no_service(evaluation, tmp_path)
    showing = f"""
from pathlib import Path
from seatrial.steps import render_report
folder = Path({str(tmp_path)!r})
shown = {{one: folder / one for one in ("evaluation", "slices", "verdict")}}
render_report.run(folder / "report.html", **shown)
"""
    assert _loaded(showing) <= {"pandas", "numba"}

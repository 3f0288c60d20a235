"""How long a process takes to start: the program's help, and every step on 60 small images, imports included.

What a component adds is Kubeflow's own import; with a ledger, MLflow's.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.row import Row, seconds

COLUMNS = ("process", "start to end", "of that importing", "heavy modules it loads", "agreement")

#: Packages of which a step is to load no more than it uses.
_HEAVY = (
    *("mlflow", "torch", "evidently", "great_expectations", "kfp", "umap", "numba", "pandas", "matplotlib"),
    *("sklearn", "scipy.stats", "pyarrow"),
)
_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)

_POLICY = """\
apiVersion: seatrial/v1
baseline: {on_missing: skip}
statistics: {replicates: 100}
defaults: {min_n: 2}
slices: {brightness: {by: {brightness: {bins: quantile, n: 2}}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.01, use: point, severity: block}
"""


def rows() -> Iterator[Row]:
    """Time ``seatrial --help``, every step of a run, and what a component adds to it."""
    yield _help()
    with tempfile.TemporaryDirectory(prefix="seatrial-benchmark-") as name:
        folder = Path(name)
        _images(folder / "images")
        (folder / "policy.yaml").write_text(_POLICY, encoding="utf-8")
        for verb, arguments in _steps(folder).items():
            yield _started(f"`seatrial {verb}`", "-m", "seatrial", verb, *map(str, arguments))
    yield _started("every component: `from kfp import dsl`", "-c", "from kfp import dsl")
    yield _started("a ledger, publishing: `import mlflow`", "-c", "import mlflow")


def _help() -> Row:
    ours, spread = seconds(lambda: _run("-m", "seatrial", "--help"), repeats=5)
    bare, _ = seconds(lambda: _run("-c", "pass"), repeats=5)
    limit = "under" if ours < 0.5 else "OVER"
    return Row(
        "`seatrial --help`",
        f"{ours:.2f} s ({spread:.2f})",
        f"empty Python {bare:.2f} s",
        f"none; {limit} 0.5 s",
        "–",
    )


def _steps(folder: Path) -> dict[str, list[str | Path]]:
    """Give the arguments of every step, in an order in which each has what it needs."""
    model = ["--model", "python:benchmarks.evaluation:small_network"]
    model += ["--model-options", '{"preprocess": {"resize": null, "crop": null}}', "--device", "cpu"]
    data: list[str | Path] = ["--dataset", f"images:{folder / 'images'}"]
    evaluation: list[str | Path] = ["--evaluation", folder / "evaluation"]
    made: list[str | Path] = ["--slices", folder / "slices", "--policy", folder / "policy.yaml"]
    shown: list[str | Path] = ["--slices", folder / "slices", "--verdict", folder / "verdict"]
    return {
        "evaluate-model": [*model, *data, "--out", folder / "evaluation"],
        "check-data": [*data, *evaluation, "--out", folder / "quality"],
        "measure-slices": [*evaluation, *made[2:], "--out", folder / "slices"],
        "explain-errors": [*model, *data, *evaluation, "--out", folder / "explanations"],
        "find-blind-spots": [*evaluation, "--out", folder / "blind-spots"],
        "decide-promotion": [*made, "--out", folder / "verdict"],
        "render-report": [*evaluation, *shown, "--out", folder / "report.html"],
    }


def _started(title: str, *arguments: str) -> Row:
    _run(*arguments)  # kernels are compiled once a machine
    again = ("--force",) if {"evaluate-model", "explain-errors"} & set(arguments) else ()
    spent, spread = seconds(lambda: _run(*arguments, *again))
    told = _run("-X", "importtime", *arguments, *again).stderr
    found = [(int(own), name) for own, name in _LINE.findall(told)]
    loaded = {name for _, name in found}
    heavy = ", ".join(name for name in _HEAVY if name in loaded)
    importing = sum(own for own, _ in found) / 1e6
    return Row(title, f"{spent:.2f} s ({spread:.2f})", f"{importing:.2f} s", heavy or "none", "–")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    return done


def _images(folder: Path) -> None:
    rng = np.random.default_rng(7)
    for number in range(60):
        path = folder / str(number % 10) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)

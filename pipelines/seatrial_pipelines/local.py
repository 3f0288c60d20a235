"""Run a pipeline on this machine through Kubeflow's own executor, and put the results where people look."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.gates import Verdict
from seatrial.secrets import holds_secret
from seatrial_components.evaluation import CACHE
from seatrial_mlflow.connection import TRACKING_URI
from seatrial_pipelines.narrator import Narrator, StepFailure
from seatrial_pipelines.results import RESULTS, collect, task_outputs, workplace
from seatrial_pipelines.termination import ending_children

__all__ = ["LABELS", "LocalRun", "run_data_quality", "run_edge_case_mining", "run_locally"]

#: What tasks are called on the screen.
LABELS = {
    "resolve-inputs": "resolve inputs",
    "evaluate-model": "evaluate candidate",
    "evaluate-model-2": "evaluate champion",
    "check-data": "check data",
    "measure-slices": "measure slices",
    "decide-promotion": "decide promotion",
    "render-report": "render report",
    "publish-run": "publish run",
    "publish-quality": "publish findings",
    "embed": "embed pool",
    "find-blind-spots": "find blind spots",
    "explain-errors": "explain errors",
    "mine-edge-cases": "mine edge cases",
    "publish-edge-cases": "publish edge cases",
    "judge-data": "judge data",
    "promote-model": "promote model",
    "enforce": "enforce verdict",
    "notify": "tell people",
}


#: Task and artifact of each result of ``edge_case_mining``, by its name below the output folder.
_MINED = {
    "evaluation": RESULTS["evaluation"],
    "pool": "embed/embeddings",
    "blind_spots": "find-blind-spots/blind_spots",
    "explanations": "explain-errors/explanations",
    "edge_cases": "mine-edge-cases/edge_cases",
}


@dataclass(frozen=True, slots=True)
class LocalRun:
    """How a local run ended.

    Attributes:
        verdict: The verdict; None where the run did not come that far.
        failure: The step that failed, other than one that refuses; None where none did.
        outputs: Values that the tasks returned, by task, then by name.
        tasks: Tasks that ran, in order.
        refusal: Why the model or the data were refused; empty where they were not.
    """

    verdict: Verdict | None
    failure: StepFailure | None
    outputs: dict[str, dict[str, Any]]
    tasks: tuple[str, ...]
    refusal: str = ""


def run_locally(arguments: dict[str, str], out: Path, *, cache: Path | None = None) -> LocalRun:
    """Run ``post_training`` in subprocesses of this machine.

    Afterwards ``out`` holds ``evaluation``, ``baseline``, ``quality``, ``slices``, ``verdict`` and
    ``report.html``, as far as the run came; what an earlier run left there is gone. ``run.log`` holds
    everything that was printed.

    Args:
        arguments: The pipeline's arguments.
        out: Folder for the results; created where it is absent.
        cache: Folder in which evaluations are kept for later runs; None neither reads nor keeps any.

    Raises:
        InputError: ``out`` cannot be written to, or another run is writing to it.
    """
    from seatrial_pipelines.post_training import post_training

    return _run(post_training, arguments, out, RESULTS, cache)


def run_data_quality(arguments: dict[str, str], out: Path) -> LocalRun:
    """Run ``data_quality`` in subprocesses of this machine.

    Afterwards ``out`` holds ``quality``, as far as the run came, and ``run.log``.

    Args:
        arguments: The pipeline's arguments.
        out: Folder for the results; created where it is absent.

    Raises:
        InputError: ``out`` cannot be written to, or another run is writing to it.
    """
    from seatrial_pipelines.data_quality import data_quality

    return _run(data_quality, arguments, out, {"quality": RESULTS["quality"]}, None)


def run_edge_case_mining(arguments: Mapping[str, Any], out: Path, *, cache: Path | None = None) -> LocalRun:
    """Run ``edge_case_mining`` in subprocesses of this machine.

    Afterwards ``out`` holds ``evaluation``, ``pool`` (its vectors), ``explanations``, ``blind_spots``,
    ``edge_cases``, as far as the run came, and ``run.log``.

    Args:
        arguments: The pipeline's arguments.
        out: Folder for the results; created where it is absent.
        cache: Folder in which evaluations are kept for later runs; None neither reads nor keeps any.

    Raises:
        InputError: ``out`` cannot be written to, or another run is writing to it.
    """
    from seatrial_pipelines.edge_case_mining import edge_case_mining

    labels = {"evaluate-model": "evaluate model", "evaluate-model-2": "evaluate on training data"}
    return _run(edge_case_mining, dict(arguments), out, _MINED, cache, LABELS | labels)


def _run(
    pipeline: Any,
    arguments: dict[str, Any],
    out: Path,
    results: Mapping[str, str],
    cache: Path | None,
    labels: Mapping[str, str] = LABELS,
) -> LocalRun:
    with workplace(out) as root:
        with Narrator(out / "run.log", lambda task: labels.get(task, task)) as narrator:
            crash = _execute(pipeline, *_hidden(arguments), root, narrator, cache)
        finished = next(iter(sorted(root.glob(f"{pipeline.name}-*"))), root)
        outputs = task_outputs(finished)
        collect(finished, out, results)
    failures = list(narrator.failures)
    if crash and not failures:
        failures = [StepFailure("pipeline", [crash])]
    verdict = out / "verdict" / "verdict.json" if "verdict" in results else None
    return LocalRun(
        Verdict.read(verdict) if verdict is not None and verdict.exists() else None,
        next((one for one in failures if not one.type.endswith(".NotPassedError")), None),
        outputs,
        tuple(narrator.tasks),
        next((one.message for one in failures if one.type.endswith(".NotPassedError")), ""),
    )


def _hidden(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Move an address with a password from the arguments, which process lists show, to the environment."""
    uri = arguments.get("tracking_uri", "")
    return (arguments | {"tracking_uri": ""}, {TRACKING_URI: uri}) if holds_secret(uri) else (arguments, {})


def _execute(
    pipeline: Any,
    arguments: dict[str, Any],
    environment: dict[str, str],
    root: Path,
    narrator: Narrator,
    cache: Path | None,
) -> str:
    """Run the pipeline; gives what kfp says when it fails, which for a failed step is of no use."""
    from kfp import local

    with (
        ending_children(),
        _quiet_kfp(),
        _environment({CACHE: "" if cache is None else str(cache), **environment}),
        contextlib.redirect_stdout(narrator),
    ):
        # no workspace_root: kfp deletes that folder after a run
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(root))
        try:
            pipeline(**arguments)
        except RuntimeError as error:
            return str(error)
    return ""


@contextlib.contextmanager
def _quiet_kfp() -> Iterator[None]:
    with warnings.catch_warnings():
        # the image's name and settings for a cluster mean nothing to a subprocess
        warnings.filterwarnings(
            "ignore", message="You may be attemping to run a task", category=RuntimeWarning
        )
        warnings.filterwarnings("ignore", message=".*have no effect in the current local runner")
        yield


@contextlib.contextmanager
def _environment(added: dict[str, str]) -> Iterator[None]:
    """Tell the steps how to behave; let ``python3`` be this interpreter by PATH rather than by replacement.

    kfp replaces the text ``python3`` by ``sys.executable`` in every part of a task's command line, also in
    the arguments: a data set in ``/data/python3/`` would be looked for elsewhere. Replacing it by itself
    changes nothing.
    """
    executable, environment = sys.executable, dict(os.environ)
    folder = Path(executable).parent
    if (folder / "python3").exists():
        os.environ["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', os.defpath)}"
        sys.executable = "python3"
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.update(added)
    if sys.stderr.isatty():
        os.environ.setdefault("SEATRIAL_PROGRESS_SECONDS", "0.5")
    try:
        yield
    finally:
        sys.executable = executable
        os.environ.clear()
        os.environ.update(environment)

"""Everything about a run that can be checked before a model runs."""

import re
from dataclasses import dataclass
from pathlib import Path

import fsspec

from seatrial.datasets import DatasetSpec, read_dataset
from seatrial.errors import InputError
from seatrial.extensions import names
from seatrial.files import check_folder
from seatrial.gates import Policy
from seatrial.gates.composition import portable_policy
from seatrial.inference.locate import PYTHON
from seatrial.secrets import without_secrets
from seatrial_components.evaluation import parse_options
from seatrial_components.resolution import check_slices, pin_model
from seatrial_mlflow.connection import connected, is_mlflow_uri
from seatrial_pipelines.config import RunConfig
from seatrial_pipelines.results import RESULTS, writable_folder

__all__ = ["Plan", "check", "rehearse"]

_VERSION = re.compile(r"models:/([^/@]+)/\d+")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run whose inputs are there.

    Attributes:
        arguments: Arguments of the pipeline ``post_training``.
        out: Folder for the results.
        cache: Folder in which evaluations are kept.
        policy: The policy.
        candidate: The candidate's URI, pinned to a version.
        champion: The champion's URI, pinned to a version; empty where there is none.
    """

    arguments: dict[str, str]
    out: Path
    cache: Path
    policy: Policy
    candidate: str
    champion: str

    def describe(self) -> str:
        """Tell what would run, one line a fact."""
        against = self.champion or "none"
        rules = f"{len(self.policy.rules)} rules on {len(self.policy.slices)} families of slices"
        lines = {
            "candidate": self.candidate,
            "champion": against,
            "dataset": self.arguments["dataset"],
            "reference": self.arguments["reference"] or "none",
            "policy": rules,
            "mlflow": self.arguments["tracking_uri"],
            "promotes": self._promotes(),
            "out": str(self.out),
        }
        told = "\n".join(f"{name:10} {value}" for name, value in lines.items())
        return without_secrets(told) + "\n\nready to run"

    def _promotes(self) -> str:
        name = self.arguments["registered_model"]
        return f"{name}@{self.arguments['alias']} after a pass" if name else "nothing"


def check(config: RunConfig) -> Plan:
    """Check that a run can start: policy, data, models, MLflow, output folder.

    Raises:
        InputError: Something is not there or not valid.
        ServiceError: MLflow does not answer.
    """
    policy, text = portable_policy(Path(config.policy))
    arguments = config.arguments(text, policy.baseline.alias)
    for spec in filter(None, (config.dataset, config.reference)):
        _check_dataset(spec)
    out = writable_folder(Path(config.out))
    check_folder(out, [*RESULTS, "run.log", ".*"])
    tracking_uri = config.mlflow.tracking_uri
    with connected(tracking_uri):
        candidate = _pinned(arguments["model"], tracking_uri)
        champion = _pinned(arguments["baseline"], tracking_uri) if arguments["baseline"] else ""
    if not candidate:
        raise InputError(f"model {arguments['model']}: the alias is not set on any version")
    _check_promotable(candidate, config.mlflow.registered_model)
    return Plan(arguments, out, Path(config.cache), policy, candidate, champion)


def rehearse(plan: Plan) -> None:
    """Read the data, hold the policy's slices against it, and load the models for it; run none of them.

    Raises:
        InputError: The data, a slice or a model cannot be used, or they do not fit together.
        ServiceError: MLflow does not answer.
    """
    from seatrial.steps import evaluate_model

    given = plan.arguments
    manifest = read_dataset(given["dataset"])
    check_slices(plan.policy, manifest)
    if given["reference"]:
        read_dataset(given["reference"])
    with connected(given["tracking_uri"]):
        for uri, options in (
            (plan.candidate, given["model_options"]),
            (plan.champion, given["baseline_options"]),
        ):
            if uri:
                evaluate_model.plan(uri, given["dataset"], options=parse_options(options))


def _check_dataset(text: str) -> None:
    spec = DatasetSpec.parse(text)
    known = names("seatrial.readers")
    if spec.kind not in known:
        raise InputError(
            f"data set {text}: expected one of {', '.join(known)} before the colon, got {spec.kind!r}"
        )
    try:
        system, path = fsspec.url_to_fs(spec.path)
        there = system.exists(path)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"data set {text}: cannot reach {spec.path}: {error}") from error
    if not there:
        raise InputError(f"data set {text}: no such file or folder: {spec.path}")


def _pinned(uri: str, tracking_uri: str) -> str:
    if not is_mlflow_uri(uri) and "://" not in uri and not uri.startswith(PYTHON) and not Path(uri).is_file():
        raise InputError(f"model {uri}: no such file")
    return pin_model(uri, tracking_uri) or ""


def _check_promotable(candidate: str, registered_model: str) -> None:
    if not registered_model:
        return
    where = f"mlflow.registered_model is {registered_model!r}, but model {candidate} is"
    if not is_mlflow_uri(candidate):
        raise InputError(f"{where} not in MLflow: give runs:/… or models:/…, or leave registered_model out")
    version = _VERSION.fullmatch(candidate)
    if version and version[1] != registered_model:
        raise InputError(f"{where} a version of {version[1]!r}: a pass could not be promoted")

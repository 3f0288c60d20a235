"""What a model URI names in MLflow: the version, the logged model and the run behind it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import InputError
from seatrial_mlflow.connection import is_absent

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["ModelReference", "resolve"]

_EXPECTED = "runs:/<run id>/<path>, models:/<name>/<version>, models:/<name>@<alias> or models:/m-<id>"

_LOGGED = re.compile(r"models:/(m-[0-9a-f]{32})/?")
_VERSION = re.compile(r"models:/([^/@]+)/(\d+)/?")
_ALIAS = re.compile(r"models:/([^/@]+)@([\w-]+)/?")
_RUN = re.compile(r"runs:/([A-Za-z0-9][\w-]*)/(.+?)/?")


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model in MLflow.

    Attributes:
        uri: The URI as given.
        pinned: A URI that keeps naming the same files when aliases move.
        source: Where the files are, as a model version records it.
        name: Registered model; None where the URI names none.
        version: Its version; None where the URI names none.
        model_id: The LoggedModel (``m-…``); None for models that are plain artifacts of a run.
        run_id: The training run that logged it; None where MLflow does not know it.
    """

    uri: str
    pinned: str
    source: str
    name: str | None = None
    version: str | None = None
    model_id: str | None = None
    run_id: str | None = None


def resolve(client: "MlflowClient", uri: str) -> ModelReference:
    """Ask MLflow what ``uri`` names.

    Raises:
        InputError: The URI is malformed, or there is no such run, model, version or alias.
    """
    from mlflow.exceptions import MlflowException

    try:
        if found := _LOGGED.fullmatch(uri):
            return _logged(client, uri, found[1])
        if found := _VERSION.fullmatch(uri):
            return _version(client, uri, found[1], found[2])
        if found := _ALIAS.fullmatch(uri):
            version = client.get_model_version_by_alias(found[1], found[2])
            return _version(client, uri, found[1], str(version.version))
        if found := _RUN.fullmatch(uri):
            return _run(client, uri, found[1], found[2])
    except MlflowException as error:
        # servers answer an unknown alias with INVALID_PARAMETER_VALUE
        if is_absent(error) or error.error_code == "INVALID_PARAMETER_VALUE":
            raise InputError(f"model {uri}: {_first_line(error)}") from error
        raise
    raise InputError(f"model {uri!r}: expected {_EXPECTED}")


def _first_line(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return re.sub(r"^[A-Z_]+: ", "", text)


def _logged(client: "MlflowClient", uri: str, model_id: str) -> ModelReference:
    model = client.get_logged_model(model_id)
    pinned = f"models:/{model_id}"
    return ModelReference(uri, pinned, pinned, model_id=model_id, run_id=model.source_run_id or None)


def _version(client: "MlflowClient", uri: str, name: str, version: str) -> ModelReference:
    found = client.get_model_version(name, version)
    logged = _LOGGED.fullmatch(found.source or "")
    model_id = getattr(found, "model_id", None) or (logged[1] if logged else None)
    run_id = found.run_id or None
    if run_id is None and model_id is not None:
        run_id = client.get_logged_model(model_id).source_run_id or None
    return ModelReference(
        uri,
        f"models:/{name}/{version}",
        found.source or "",
        name=name,
        version=version,
        model_id=model_id,
        run_id=run_id,
    )


def _run(client: "MlflowClient", uri: str, run_id: str, path: str) -> ModelReference:
    run = client.get_run(run_id)
    outputs = run.outputs.model_outputs if run.outputs else []
    step = {output.model_id: output.step for output in outputs}
    models = [client.get_logged_model(model_id) for model_id in step]
    named = [model for model in models if model.name == path]
    if named:
        latest = max(named, key=lambda model: (step[model.model_id], model.creation_timestamp))
        model_id = str(latest.model_id)
        return ModelReference(uri, f"models:/{model_id}", f"models:/{model_id}", None, None, model_id, run_id)
    return ModelReference(uri, uri, f"{run.info.artifact_uri}/{path}", run_id=run_id)

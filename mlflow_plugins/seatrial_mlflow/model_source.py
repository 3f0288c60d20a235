"""Models that MLflow keeps, as a model source of the core: ``runs:/…`` and ``models:/…``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from seatrial.digests import digest_tree
from seatrial.errors import InputError, ModelError
from seatrial.inference import FetchedModel, ModelKind, ModelOptions
from seatrial.inference.locate import locate
from seatrial.secrets import without_secrets
from seatrial_mlflow.connection import connected
from seatrial_mlflow.model_reference import ModelReference, resolve

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["METADATA_KEY", "digest_model", "download", "fetch"]

#: Key of ``MLmodel``'s ``metadata`` under which a model says how it is to be fed.
METADATA_KEY = "seatrial"

# a model may say how it is fed and read, by an adapter that is installed here; it may not vouch for itself,
# be excused from classes, or name code to run
_OPTIONS = (
    *("adapter", "adapter_options", "class_map", "classes"),
    *("embeddings", "outputs", "precision", "preprocess"),
)

# written beside the model's files by MLflow's client, on the way down only
_DOWNLOAD_NOTE = "registered_model_meta"


def fetch(uri: str, target: Path) -> FetchedModel:
    """Download a model that MLflow keeps.

    The server is the one that ``MLFLOW_TRACKING_URI`` names. Flavours ``pytorch`` (pickle, TorchScript,
    ``torch.export``) and ``onnx`` are read; so is a plain artifact of a run with the suffix of one of them.

    Args:
        uri: ``runs:/<run id>/<path>``, ``models:/<name>/<version>``, ``models:/<name>@<alias>`` or
            ``models:/m-<id>``.
        target: An existing, empty folder.

    Raises:
        InputError: There is no such model.
        ModelError: Its flavour cannot be evaluated, or what it says about itself is not valid.
        ServiceError: MLflow does not answer.
    """
    with connected() as client:
        path = download(client, resolve(client, uri), target)
    if not (path / "MLmodel").is_file():
        return _plain_artifact(path, uri)
    recipe = _recipe(path / "MLmodel", uri)
    file = _model_file(path, recipe, uri)
    kind = _kind(file, uri)
    return FetchedModel(file, kind, _options(recipe, uri), digest_model(path))


def download(client: "MlflowClient", model: ModelReference, target: Path) -> Path:
    """Download a model's files into ``target``; gives the folder (or file) that holds them.

    What is downloaded is what the reference is pinned to, though an alias may have moved meanwhile.

    Raises:
        InputError: The model has no files.
        ServiceError: MLflow or its artifact store does not answer.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        path = Path(download_artifacts(artifact_uri=model.pinned, dst_path=str(target)))
    except MlflowException as error:
        if "failed with exception" in str(error):
            raise
        raise InputError(f"model {model.uri}: {' '.join(str(error.message).split())}") from error
    if path.is_dir() and not any(path.iterdir()):
        raise InputError(
            f"model {model.uri}: expected files in {without_secrets(client.tracking_uri)}, got none"
        )
    return path


def digest_model(path: Path) -> str:
    """Digest a downloaded model: the same for every URI that names it, whether registered or not."""
    return digest_tree(path, without={_DOWNLOAD_NOTE})


def _plain_artifact(path: Path, uri: str) -> FetchedModel:
    files = [path] if path.is_file() else [item for item in path.iterdir() if item.name != _DOWNLOAD_NOTE]
    if len(files) != 1 or not files[0].is_file():
        raise ModelError(f"model {uri}: expected an MLflow model or one file, got a folder without MLmodel")
    return FetchedModel(files[0], _kind(files[0], uri), {}, digest_model(path))


def _kind(file: Path, uri: str) -> ModelKind:
    try:
        return locate(str(file), file.parent, factory=None).kind
    except ModelError as error:
        raise ModelError(str(error).replace(str(file), f"{uri}, file {file.name}")) from error


def _recipe(file: Path, uri: str) -> dict[str, Any]:
    try:
        recipe = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"model {uri}: MLmodel cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(recipe, dict) or not isinstance(recipe.get("flavors"), dict):
        raise ModelError(f"model {uri}: MLmodel: expected a mapping with flavors")
    return recipe


def _model_file(folder: Path, recipe: dict[str, Any], uri: str) -> Path:
    flavors = recipe["flavors"]
    if "pytorch" in flavors:
        data = folder / str(flavors["pytorch"].get("model_data", "data"))
        candidates = [data / "model.pt2", data / "model.pth", data]
    elif "onnx" in flavors:
        candidates = [folder / str(flavors["onnx"].get("data", "model.onnx"))]
    else:
        raise ModelError(
            f"model {uri}: expected flavour pytorch or onnx, got {', '.join(sorted(flavors)) or 'none'}"
        )
    file = next((one for one in candidates if one.is_file()), None)
    if file is None:
        raise ModelError(f"model {uri}: MLmodel names {candidates[-1].name}, which is not among its files")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"model {uri}: MLmodel names a file outside the model")
    return file


def _options(recipe: dict[str, Any], uri: str) -> dict[str, Any]:
    metadata = recipe.get("metadata")
    fields = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if fields is None:
        return {}
    where = f"model {uri}: metadata {METADATA_KEY!r} of MLmodel"
    if not isinstance(fields, dict):
        raise ModelError(f"{where}: expected a mapping of model options, got {type(fields).__name__}")
    for name in fields:
        if name not in _OPTIONS:
            raise ModelError(f"{where}: expected {', '.join(_OPTIONS)}, got {name!r}")
    try:
        ModelOptions.parse(fields, where)
    except InputError as error:
        raise ModelError(str(error)) from error
    return dict(fields)

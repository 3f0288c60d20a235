"""The content digest of a version's files, read by the server itself."""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from seatrial.secrets import without_secrets
from seatrial_mlflow.gated_registry.refusal import RefusalError
from seatrial_mlflow.model_source import digest_model

__all__ = ["digest_files"]

# where a server that passes artifacts through keeps them; mlflow.server names the variable so
_DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"


def digest_files(location: str) -> str:
    """Download a version's files and digest them.

    Args:
        location: Their place as the registry stores it.

    Raises:
        RefusalError: They cannot be read, so nobody can say what would go live.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with tempfile.TemporaryDirectory(prefix="seatrial-gate-") as folder:
        try:
            root, path = _place(location)
            found = Path(get_artifact_repository(root).download_artifacts(path, folder))
            if found.is_dir() and not any(found.iterdir()):
                raise FileNotFoundError("there are none")  # noqa: TRY301 - as if the store had said so
            return digest_model(found)
        except Exception as error:  # artifact stores raise whatever their libraries raise; all of it refuses
            told = without_secrets(" ".join(str(error).split()))[:200]
            raise RefusalError(
                f"the server cannot read the model's files, so it cannot check them: {told}"
            ) from error


def _place(location: str) -> tuple[str, str]:
    parts = urlsplit(location)
    destination = os.environ.get(_DESTINATION)
    if parts.scheme == "mlflow-artifacts" and destination:
        return destination, parts.path.strip("/")
    return location, ""

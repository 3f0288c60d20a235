"""Questions to the model registry."""

from typing import TYPE_CHECKING

from seatrial_mlflow.connection import connected, is_absent
from seatrial_mlflow.model_reference import ModelReference

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["alias_version", "registered_aliases", "registered_version", "version_of_alias"]


def version_of_alias(name: str, alias: str, *, tracking_uri: str | None = None) -> str | None:
    """Give the version that an alias points at now; None where the model or the alias does not exist.

    Args:
        name: Registered model.
        alias: Its alias, e.g. ``"champion"``.
        tracking_uri: MLflow server; by default the environment's.

    Raises:
        ServiceError: MLflow does not answer.
    """
    with connected(tracking_uri) as client:
        return alias_version(client, name, alias)


def alias_version(client: "MlflowClient", name: str, alias: str) -> str | None:
    """Give the version that an alias points at now, by a client that is there already."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        # an alias that is not set is INVALID_PARAMETER_VALUE to the server
        if is_absent(error) or error.error_code == "INVALID_PARAMETER_VALUE":
            return None
        raise


def registered_aliases(client: "MlflowClient", name: str) -> list[str]:
    """Give the aliases of a registered model; none where there is no such model."""
    from mlflow.exceptions import MlflowException

    try:
        return list(client.get_registered_model(name).aliases)
    except MlflowException as error:
        if is_absent(error):
            return []
        raise


def registered_version(client: "MlflowClient", name: str, model: ModelReference) -> str | None:
    """Give the latest version of ``name`` that is this model already; None where there is none."""
    quoted = name.replace("'", "''")
    found = [
        int(version.version)
        for version in client.search_model_versions(f"name = '{quoted}'")
        if (model.model_id and getattr(version, "model_id", None) == model.model_id)
        or version.source == model.source
    ]
    return str(max(found)) if found else None

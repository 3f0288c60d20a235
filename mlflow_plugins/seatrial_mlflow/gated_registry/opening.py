"""From a URI to a registry whose gate was tried."""

import os

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from seatrial.errors import SeatrialError
from seatrial_mlflow.gated_registry.configuration import GateFile
from seatrial_mlflow.gated_registry.self_test import try_the_gate
from seatrial_mlflow.gated_registry.store import GatedStore

__all__ = ["SCHEME", "open_gated"]

#: Scheme of the registry's URI.
SCHEME = "gated:"


def open_gated(store_uri: str) -> GatedStore:
    """Open a gated registry and try to get past its gate.

    Args:
        store_uri: ``gated:`` and the SQLAlchemy URI of the database.

    Raises:
        MlflowException: The URI or the gate file cannot be used, or the gate let something through.
    """
    db_uri = store_uri.removeprefix(SCHEME)
    if db_uri == store_uri or not db_uri.partition(":")[2]:
        raise MlflowException(
            f"registry store: expected a URI such as {SCHEME}postgresql://…, got {db_uri!r}",
            INVALID_PARAMETER_VALUE,
        )
    try:
        gate_file = GateFile.from_environment()
    except SeatrialError as error:
        raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from error
    store = _store_type()(db_uri, gate_file, _replica())
    try_the_gate(store)
    return store


def _store_type() -> type[GatedStore]:
    """Take the store that MLflow would take: with workspaces, where they are switched on."""
    from mlflow import environment_variables

    enabled = getattr(environment_variables, "MLFLOW_ENABLE_WORKSPACES", None)
    if enabled is None or not enabled.get():
        return GatedStore
    from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

    return type("GatedWorkspaceStore", (GatedStore, WorkspaceAwareSqlAlchemyStore), {})


def _replica() -> str | None:
    from mlflow.server import constants

    named = getattr(constants, "READ_REPLICA_BACKEND_STORE_URI_ENV_VAR", None)
    return os.environ.get(named) if named else None

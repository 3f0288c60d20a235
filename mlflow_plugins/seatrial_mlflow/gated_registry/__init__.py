"""A model registry that moves protected aliases only on a signed, bound and unexpired verdict."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.store.model_registry.abstract_store import AbstractStore

__all__ = ["open_store"]


def open_store(store_uri: str, tracking_uri: str | None = None) -> "AbstractStore":
    """Open a registry behind the gate; MLflow calls this for ``--registry-store-uri gated:<uri>``.

    Args:
        store_uri: ``gated:`` and the SQLAlchemy URI of the database.
        tracking_uri: Not used; MLflow passes it.
    """
    # MLflow is half imported when it collects its plugins
    from seatrial_mlflow.gated_registry.opening import open_gated

    del tracking_uri
    return open_gated(store_uri)

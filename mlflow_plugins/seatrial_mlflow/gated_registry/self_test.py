"""The gate is tried before the registry serves: what it must refuse is asked for, and nothing stays."""

import copy
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from mlflow.entities.model_registry import ModelVersionTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.store.db.utils import _get_managed_session_maker
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.orm import sessionmaker

from seatrial_mlflow.gated_registry.configuration import Rule
from seatrial_mlflow.gated_registry.refusal import RefusalError
from seatrial_mlflow.gated_registry.session import guarded
from seatrial_mlflow.gated_registry.store import GatedStore

__all__ = ["try_the_gate"]

_logger = logging.getLogger(__name__)

_Attempt = Callable[[GatedStore, str, str], object]


def try_the_gate(store: GatedStore) -> None:
    """Ask for an ungated promotion of every protected kind, in transactions that are rolled back.

    Raises:
        MlflowException: One of them was not refused: this MLflow writes in a way that the gate does not know.
    """
    tried = 0
    for rule in store.gate().models:
        for told, attempt in _attempts(rule):
            _expect_refusal(store, _a_name(rule), told, attempt)
            tried += 1
    _logger.info("the registry's gate was tried: %d attempts, all of them refused", tried)


def _attempts(rule: Rule) -> Iterator[tuple[str, _Attempt]]:
    for alias in rule.aliases:
        yield f"alias {alias}", partial(_set_alias, alias=alias)
        yield f"alias {alias.swapcase()}", partial(_set_alias, alias=alias.swapcase())
        # as a route would that the gate does not know
        yield f"alias {alias}, past the gate's methods", partial(_set_alias_past, alias=alias)
    for stage in rule.stages:
        yield f"stage {stage}", partial(_set_stage, stage=stage)
    yield "a reserved tag", _set_tag
    yield "another name", _rename


def _set_alias(store: GatedStore, name: str, version: str, alias: str) -> None:
    store.set_registered_model_alias(name, alias, version)


def _set_alias_past(store: GatedStore, name: str, version: str, alias: str) -> None:
    SqlAlchemyStore.set_registered_model_alias(store, name, alias, version)


def _set_stage(store: GatedStore, name: str, version: str, stage: str) -> None:
    store.transition_model_version_stage(name, version, stage, archive_existing_versions=False)


def _set_tag(store: GatedStore, name: str, version: str) -> None:
    tag = ModelVersionTag(f"{store.gate().reserved_tags[0]}verdict", "pass")
    store.set_model_version_tag(name, version, tag)


def _rename(store: GatedStore, name: str, version: str) -> None:
    del version
    store.rename_registered_model(name, f"{name}-renamed")


def _expect_refusal(store: GatedStore, name: str, told: str, attempt: _Attempt) -> None:
    present = _is_registered(store, name)
    with _rolled_back(store) as probe:
        if not present:  # a rule without a pattern names a model that may be in use
            probe.create_registered_model(name)
        version = probe.create_model_version(name, "seatrial-self-test").version
        try:
            attempt(probe, name, str(version))
        except RefusalError:
            return
    raise MlflowException(
        f"the registry does not serve: its gate let {told} of {name} through; "
        "this version of MLflow writes in a way that the gate does not know",
        INTERNAL_ERROR,
    )


def _is_registered(store: GatedStore, name: str) -> bool:
    try:
        store.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return False
    return True


@contextmanager
def _rolled_back(store: GatedStore) -> Iterator[GatedStore]:
    """Give a copy of the store of which nothing reaches the database."""
    probe = copy.copy(store)
    with store.engine.connect() as connection:
        outer = connection.begin()
        try:
            sessions = sessionmaker(bind=connection, join_transaction_mode="rollback_only")
            made = _get_managed_session_maker(sessions, store.db_type)
            probe.ManagedSessionMaker = guarded(made, store.gate)
            probe._keeps_log = False  # noqa: SLF001 - the copy is this test's own
            yield probe
        finally:
            if outer.is_active:  # a refusal has ended it already
                outer.rollback()


def _a_name(rule: Rule) -> str:
    """Make up a model's name that the rule covers."""
    unique = f"seatrial-self-test-{uuid.uuid4().hex}"
    return rule.name.replace("*", unique).replace("?", "x")

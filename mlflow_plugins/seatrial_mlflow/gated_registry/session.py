"""Database sessions that no protected write leaves without the gate's consent, whatever method makes it."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersion,
    SqlModelVersionTag,
    SqlRegisteredModel,
    SqlRegisteredModelAlias,
    SqlRegisteredModelTag,
)
from sqlalchemy import event
from sqlalchemy import inspect as inspect_row
from sqlalchemy.orm import ORMExecuteState, Session

from seatrial_mlflow.gated_registry.configuration import Gate
from seatrial_mlflow.gated_registry.refusal import RefusalError

__all__ = ["admit", "first", "guarded"]

_ADMITTED = "seatrial.admitted"
_GUARDED = (
    SqlRegisteredModelAlias,
    SqlModelVersion,
    SqlModelVersionTag,
    SqlRegisteredModel,
    SqlRegisteredModelTag,
)

SessionMaker = Callable[..., AbstractContextManager[Session]]
_Check = Callable[[Session], None]

_pending: ContextVar[_Check | None] = ContextVar("seatrial_gate_check", default=None)


def admit(session: Session) -> None:
    """Let a session write what it likes: the gate has looked at what is asked for."""
    session.info[_ADMITTED] = True


@contextmanager
def first(check: _Check) -> Iterator[None]:
    """Run a check in the very session that the block's write uses, before it: none can slip in between."""
    token = _pending.set(check)
    try:
        yield
    finally:
        _pending.reset(token)


def guarded(sessions: SessionMaker, gate: Callable[[], Gate]) -> SessionMaker:
    """Wrap MLflow's factory of sessions.

    Args:
        sessions: The factory; before MLflow 3.15 it knows no ``read_only``.
        gate: Gives the gate as it is now.
    """
    knows_read_only = "read_only" in inspect.signature(sessions).parameters

    @contextmanager
    def make(read_only: bool = True) -> Iterator[Session]:
        options = {"read_only": read_only} if knows_read_only else {}
        with sessions(**options) as session:
            event.listen(session, "before_flush", lambda opened, *_: _check_flush(opened, gate))
            event.listen(session, "do_orm_execute", _check_bulk)
            check = _pending.get()
            if check is not None and not (knows_read_only and read_only):
                _pending.set(None)
                check(session)
            yield session

    return make


def _check_bulk(state: ORMExecuteState) -> None:
    """Refuse statements that write whole tables past the objects; MLflow has none on these today."""
    if not (state.is_update or state.is_delete or state.is_insert) or state.session.info.get(_ADMITTED):
        return
    mapper = state.bind_mapper
    if mapper is not None and issubclass(mapper.class_, _GUARDED):
        raise RefusalError(f"this way of writing {mapper.local_table} is not known to the registry's gate")


def _check_flush(session: Session, gate: Callable[[], Gate]) -> None:
    if session.info.get(_ADMITTED):
        return
    changed = [row for row in session.dirty if session.is_modified(row)]
    rows = [row for row in (*session.new, *changed, *session.deleted) if isinstance(row, _GUARDED)]
    if rows:
        current = gate()
        for row in rows:
            _check_row(row, current, gone=row in session.deleted)


def _check_row(row: Any, gate: Gate, *, gone: bool) -> None:
    names = _values(row, "name")
    match row:
        case SqlRegisteredModelAlias():
            touched = [
                alias
                for alias in _values(row, "alias")
                for name in names
                if gate.protected_alias(name, alias)
            ]
        case SqlModelVersionTag() | SqlRegisteredModelTag():
            touched = [key for key in _values(row, "key") if gate.reserves(key)]
        case SqlModelVersion():
            stages = _values(row, "current_stage") if gone or _changes(row, "current_stage") else ()
            touched = [stage for stage in stages for name in names if stage in gate.stages(name)]
            touched += [name for name in names if _changes(row, "name") and gate.rules(name)]
        case _:
            touched = [name for name in names if _changes(row, "name") and gate.rules(name)]
    if touched:
        raise RefusalError(
            f"{touched[0]} of {names[-1]} is protected, and this way of writing it is not known"
        )


def _values(row: Any, field: str) -> tuple[str, ...]:
    """Give what a field was and what it will be."""
    history = inspect_row(row).attrs[field].history
    found = (*(history.deleted or ()), *(history.unchanged or ()), *(history.added or ()))
    return tuple(str(one) for one in found if one is not None)


def _changes(row: Any, field: str) -> bool:
    return bool(inspect_row(row).attrs[field].history.deleted)

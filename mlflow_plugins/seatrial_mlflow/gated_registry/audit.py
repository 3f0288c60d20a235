"""The audit log in the registry's database: every protected write that was asked for, and its end."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["TABLE", "Entry", "create_log", "was_used", "write"]

#: Name of the table.
TABLE = "seatrial_gate_log"

_metadata = sa.MetaData()
_LOG = sa.Table(
    TABLE,
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("operation", sa.String(64), nullable=False),
    sa.Column("workspace", sa.String(63), nullable=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("target", sa.String(256), nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("previous", sa.String(32), nullable=False),
    sa.Column("who", sa.String(256), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("statement", sa.String(71), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
)

_NO_CHANGE = f"{TABLE} is append-only"
_APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{verb} BEFORE {verb} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{_NO_CHANGE}'); END"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION {TABLE}_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_NO_CHANGE}'; END $$""",
        f"""CREATE OR REPLACE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_append_only()""",
    ),
}

# any number; workers that start together take turns
_START_LOCK = 7_325_874_001


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Attributes:
        outcome: ``accepted``, ``refused`` or ``conflict``.
        operation: What was asked for, by MLflow's name.
        model: Registered model.
        target: Alias, stage, tag or new name that was asked for.
        version: Version that was asked for.
        previous: Version that the alias pointed at.
        key: Id of the key that signed; empty where none is known.
        statement: Digest of the signed statement; empty where none is known.
        reason: What the client was told.
    """

    outcome: str
    operation: str
    model: str
    target: str = ""
    version: str = ""
    previous: str = ""
    key: str = ""
    statement: str = ""
    reason: str = ""


def create_log(engine: sa.Engine) -> None:
    """Create the table where it is absent; rows can then be added and neither changed nor deleted.

    Databases other than sqlite and PostgreSQL get the table without that guard.
    """
    with engine.begin() as connection:
        dialect = connection.dialect.name
        if dialect == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _START_LOCK})
        elif dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout = 20000")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        _metadata.create_all(connection, checkfirst=True)
        for statement in _APPEND_ONLY.get(dialect, ()):
            connection.exec_driver_sql(statement)


def write(session: "Session", entry: Entry, *, workspace: str) -> None:
    """Add a line, in the session's transaction."""
    values: dict[str, Any] = {name: getattr(entry, name) for name in Entry.__slots__}
    cut = {name: str(value)[: _limit(name)] for name, value in values.items()}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    session.execute(_LOG.insert().values(at=now, workspace=workspace, who=_who(), **cut))


def was_used(session: "Session", statement: str) -> bool:
    """Tell whether an alias moved on a statement already."""
    query = sa.select(_LOG.c.id).where(_LOG.c.statement == statement, _LOG.c.outcome == "accepted").limit(1)
    return session.execute(query).first() is not None


def _limit(column: str) -> int:
    return int(getattr(_LOG.c[column].type, "length", None) or 4000)


def _who() -> str:
    """The user of basic auth and the address that the request came from; a claim where nobody checks it."""
    from flask import has_request_context, request

    if not has_request_context():
        return ""
    user = request.authorization.username if request.authorization else None
    return f"{user or 'anonymous'} from {request.remote_addr}"[:256]

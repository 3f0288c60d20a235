"""MLflow's SQL registry with a gate before every write that could put a model live."""

import inspect
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from mlflow.entities.model_registry import ModelVersion, RegisteredModel, RegisteredModelTag
from mlflow.entities.model_registry.model_version_stages import get_canonical_stage
from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersionTag,
    SqlRegisteredModel,
    SqlRegisteredModelAlias,
)
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from seatrial.errors import InputError
from seatrial_mlflow.gated_registry import audit
from seatrial_mlflow.gated_registry.audit import Entry
from seatrial_mlflow.gated_registry.configuration import Gate, GateFile, fold
from seatrial_mlflow.gated_registry.model_files import digest_files
from seatrial_mlflow.gated_registry.refusal import ConflictError, RefusalError
from seatrial_mlflow.gated_registry.ruling import Move, check_baseline, check_files, rule_on
from seatrial_mlflow.gated_registry.session import admit, first, guarded
from seatrial_mlflow.gated_registry.tags import GATE_TAG, accepted_tags, submission_tag
from seatrial_mlflow.signing import Opened

__all__ = ["GatedStore"]

_logger = logging.getLogger(__name__)


class GatedStore(SqlAlchemyStore):
    """A registry in a database, whose protected aliases and stages move only through the gate.

    Args:
        db_uri: SQLAlchemy URI of the database.
        gate_file: What is protected.
        read_db_uri: A read replica, where MLflow knows of them (3.12 and later).
    """

    def __init__(self, db_uri: str, gate_file: GateFile, read_db_uri: str | None = None) -> None:
        knows_replicas = "read_db_uri" in inspect.signature(super().__init__).parameters
        options = {"read_db_uri": read_db_uri} if knows_replicas and read_db_uri else {}
        super().__init__(db_uri, **options)
        self._gate_file = gate_file
        self._keeps_log = True
        self.ManagedSessionMaker = guarded(self.ManagedSessionMaker, self.gate)
        audit.create_log(self.engine)

    def gate(self) -> Gate:
        """Give the gate as its file says now.

        Raises:
            RefusalError: The file cannot be used; then nothing protected moves.
        """
        try:
            return self._gate_file.current()
        except InputError as error:
            _logger.error("the gate stays shut: %s", error)  # noqa: TRY400 - the message says all
            raise RefusalError(
                "the registry's gate file cannot be used, so nothing moves: ask its administrator"
            ) from error

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Set an alias; a protected one only on a signed verdict, from the baseline that it names."""
        gate = self.gate()
        spelling = gate.protected_alias(name, alias)
        if spelling is None:
            super().set_registered_model_alias(name, alias, version)
            return
        with self._logged(Entry("", "set_registered_model_alias", name, alias, str(version))):
            if alias != spelling:
                raise RefusalError(
                    f"{alias!r} reads like the protected alias {spelling!r} of {name}: use that spelling"
                )
            with self.ManagedSessionMaker(read_only=False) as session:
                move = self._read(session, name, alias, version)
            if move.current != move.version:  # nothing to do otherwise: a client that asks again
                self._judge_and_move(gate, move)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Delete an alias; not a protected one."""
        if self.gate().protected_alias(name, alias) != alias:
            super().delete_registered_model_alias(name, alias)
            return

        def check(session: Session) -> None:
            if self._get_registered_model_alias(session, name, alias) is not None:
                raise RefusalError(
                    f"{name}@{alias} is protected and stays: move it by a verdict or by a signed rollback"
                )

        with self._logged(Entry("", "delete_registered_model_alias", name, alias)), first(check):
            super().delete_registered_model_alias(name, alias)

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        """Move a version to a stage; a protected one takes only what a protected alias points at."""

        def check(session: Session) -> None:
            gate = self.gate()
            stages = gate.stages(name)
            self._lock(session, name)
            target = get_canonical_stage(stage)
            present = self._get_sql_model_version(session, name, version).current_stage
            live = self._live(session, gate, name, version)
            if target in stages and target != present and not live:
                named = " or ".join(gate.aliases(name))
                raise RefusalError(
                    f"stage {target} of {name} is protected: version {version} must be {named} first"
                )
            if present in stages and target != present and live:
                raise RefusalError(
                    f"version {version} of {name} is {live[0]} and stays in {present}: promote another first"
                )
            admit(session)
            if target in stages:
                workspace = self._workspace()
                entry = Entry("accepted", "transition_model_version_stage", name, target, str(version))
                self._write_log(session, entry, workspace)

        entry = Entry("", "transition_model_version_stage", name, str(stage), str(version))
        with self._logged(entry), first(check):
            # psycopg 3 does not compare the column with a text
            number = int(version) if str(version).isdecimal() else version
            return super().transition_model_version_stage(name, number, stage, archive_existing_versions)

    def delete_model_version(self, name: str, version: str) -> None:
        """Delete a version; not one that is live."""

        def check(session: Session) -> None:
            gate = self.gate()
            self._lock(session, name)
            stage = self._get_sql_model_version(session, name, version).current_stage
            live = [
                *self._live(session, gate, name, version),
                *(one for one in gate.stages(name) if one == stage),
            ]
            if live:
                raise RefusalError(
                    f"version {version} of {name} is {live[0]}, which is protected: promote another first"
                )

        with self._logged(Entry("", "delete_model_version", name, "", str(version))), first(check):
            super().delete_model_version(name, version)

    def delete_registered_model(self, name: str) -> None:
        """Delete a registered model; not one that is live."""

        def check(session: Session) -> None:
            gate = self.gate()
            self._lock(session, name)
            model = self._get_registered_model(session, name)
            live = [
                one.alias for one in model.registered_model_aliases if gate.protected_alias(name, one.alias)
            ]
            live += [
                one.current_stage for one in model.model_versions if one.current_stage in gate.stages(name)
            ]
            if live:
                raise RefusalError(
                    f"{name} has a version that is {live[0]}, which is protected: it cannot be deleted"
                )
            admit(session)  # what the gate wrote goes with it

        with self._logged(Entry("", "delete_registered_model", name)), first(check):
            super().delete_registered_model(name)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Rename a registered model; neither out of protection nor into it."""

        def check(session: Session) -> None:
            gate = self.gate()
            held = next((one for one in (name, new_name) if gate.rules(one)), None)
            if held is not None:
                raise RefusalError(
                    f"{held} is protected: a model cannot be renamed from or to it, register it anew"
                )
            admit(session)

        with self._logged(Entry("", "rename_registered_model", name, str(new_name))), first(check):
            return super().rename_registered_model(name, new_name)

    def create_registered_model(
        self, name: str, tags: Sequence[Any] | None = None, *args: Any, **options: Any
    ) -> RegisteredModel:
        """Create a registered model; without reserved tags."""
        with self._logged(Entry("", "create_registered_model", name)):
            self._check_tags(name, tags)
        return super().create_registered_model(name, tags, *args, **options)

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Sequence[Any] | None = None,
        *args: Any,
        **options: Any,
    ) -> ModelVersion:
        """Create a version; without reserved tags, which a copy of another version leaves behind."""
        if source.startswith("models:/"):
            gate = self.gate()
            tags = [tag for tag in tags or () if not gate.reserves(tag.key)]
        with self._logged(Entry("", "create_model_version", name)):
            self._check_tags(name, tags)
        return super().create_model_version(name, source, run_id, tags, *args, **options)

    def set_model_version_tag(self, name: str, version: str, tag: Any) -> None:
        """Tag a version; not with a reserved tag."""
        with self._logged(Entry("", "set_model_version_tag", name, tag.key, str(version))):
            self._check_tags(name, [tag])
        super().set_model_version_tag(name, version, tag)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Delete a version's tag; not a reserved one."""
        with self._logged(Entry("", "delete_model_version_tag", name, key, str(version))):
            self._check_key(name, key)
        super().delete_model_version_tag(name, version, key)

    def set_registered_model_tag(self, name: str, tag: Any) -> None:
        """Tag a registered model; not with a reserved tag."""
        with self._logged(Entry("", "set_registered_model_tag", name, tag.key)):
            self._check_tags(name, [tag])
        super().set_registered_model_tag(name, tag)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Delete a registered model's tag; not a reserved one."""
        with self._logged(Entry("", "delete_registered_model_tag", name, key)):
            self._check_key(name, key)
        super().delete_registered_model_tag(name, key)

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Give a registered model; a tag that is stored nowhere says what is protected."""
        model = super().get_registered_model(name)
        gate = self.gate()
        told = ", ".join((*gate.aliases(name), *gate.stages(name)))
        model._add_tag(RegisteredModelTag(GATE_TAG, told))  # noqa: SLF001 - MLflow has no other way
        return model

    def _judge_and_move(self, gate: Gate, move: Move) -> None:
        opened = rule_on(gate, move, datetime.now(UTC))
        check_baseline(opened, move)
        if gate.model_files == "read":
            # outside of any transaction: it may take a while, and others go on meanwhile
            check_files(opened, move, digest_files(move.location))
        with self.ManagedSessionMaker(read_only=False) as session:
            self._lock(session, move.name)
            present = self._read(session, move.name, move.alias, move.version)
            if present.current == present.version:
                return
            if present.location != move.location or present.envelope != move.envelope:
                raise ConflictError(f"version {move.version} of {move.name} was changed meanwhile: try again")
            rule_on(gate, present, datetime.now(UTC))
            check_baseline(opened, present)
            if audit.was_used(session, opened.digest):
                raise RefusalError(
                    f"{move.target} stays: the signed verdict on version {move.version} was used before; "
                    "evaluate again"
                )
            admit(session)
            self._swap(session, present)
            self._note(session, present, opened)

    def _swap(self, session: Session, move: Move) -> None:
        """Compare and set in one statement: a writer that knows no lock loses too."""
        table = SqlRegisteredModelAlias
        lost = ConflictError(f"{move.target} was moved by somebody else at this moment. Evaluate again.")
        if move.current is None:
            row = {"name": move.name, "alias": move.alias, "version": int(move.version)}
            if hasattr(table, "workspace"):
                row["workspace"] = self._workspace()
            try:
                session.execute(insert(table).values(**row))
            except IntegrityError as error:
                raise lost from error
            return
        done = session.execute(
            update(table)
            .where(
                *self._here(table, move.name),
                table.alias == move.alias,
                table.version == int(move.current),
            )
            .values(version=int(move.version))
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]  # an update has one
            raise lost

    def _note(self, session: Session, move: Move, opened: Opened) -> None:
        version = self._get_sql_model_version(session, move.name, move.version)
        submitted = self._get_model_version_tag(
            session, move.name, version.version, submission_tag(move.alias)
        )
        assert move.envelope is not None
        for key, value in accepted_tags(opened, move.envelope).items():
            tag = SqlModelVersionTag(name=move.name, version=version.version, key=key, value=value)
            session.merge(self._with_workspace(tag))
        if submitted is not None:
            session.delete(submitted)
        entry = Entry(
            *(
                "accepted",
                "set_registered_model_alias",
                move.name,
                move.alias,
                move.version,
                move.current or "",
            ),
            *(opened.key.key_id, opened.digest, str(opened.attestation.claims.get("reason", ""))),
        )
        self._write_log(session, entry, self._workspace())

    def _read(self, session: Session, name: str, alias: str, version: str) -> Move:
        row = self._get_sql_model_version(session, name, version)
        current = self._get_registered_model_alias(session, name, alias)
        tag = self._get_model_version_tag(session, name, row.version, submission_tag(alias))
        return Move(
            name,
            int(row.registered_model.creation_time or 0),
            str(row.version),
            int(row.creation_time or 0),
            row.source or "",
            row.run_id or "",
            getattr(row, "storage_location", None) or row.source or "",
            alias,
            None if current is None else str(current.version),
            None if tag is None else tag.value,
        )

    def _live(self, session: Session, gate: Gate, name: str, version: str) -> list[str]:
        """Give the protected aliases that point at a version."""
        aliases = self._get_registered_model(session, name).registered_model_aliases
        spelt = {fold(one) for one in gate.aliases(name)}
        return [one.alias for one in aliases if str(one.version) == str(version) and fold(one.alias) in spelt]

    def _lock(self, session: Session, name: str) -> None:
        """Take the model's row, so that writers of one model follow each other on every database."""
        table = SqlRegisteredModel
        admitted = dict(session.info)
        admit(session)
        session.execute(
            update(table)
            .where(*self._here(table, name))
            .values(last_updated_time=table.last_updated_time)
            .execution_options(synchronize_session=False)
        )
        session.info.clear()
        session.info.update(admitted)

    def _here(self, table: Any, name: str) -> list[Any]:
        here = [table.name == name]
        return [*here, table.workspace == self._workspace()] if hasattr(table, "workspace") else here

    def _workspace(self) -> str:
        active = getattr(self, "_get_active_workspace", None)
        return str(active()) if active is not None else "default"

    def _with_workspace(self, row: Any) -> Any:
        if hasattr(row, "workspace"):
            row.workspace = self._workspace()
        return row

    def _check_tags(self, name: str, tags: Sequence[Any] | None) -> None:
        for tag in tags or ():
            self._check_key(name, tag.key)

    def _check_key(self, name: str, key: str) -> None:
        if self.gate().reserves(key):
            raise RefusalError(
                f"tag {key!r} of {name} is written by the registry's gate alone, after a signed verdict"
            )

    @contextmanager
    def _logged(self, entry: Entry) -> Iterator[None]:
        """Note a refusal in the log."""
        try:
            yield
        except (RefusalError, ConflictError) as error:
            outcome = "conflict" if isinstance(error, ConflictError) else "refused"
            told = Entry(
                outcome, entry.operation, entry.model, entry.target, entry.version, reason=str(error.message)
            )
            try:
                with self.ManagedSessionMaker(read_only=False) as session:
                    self._write_log(session, told, self._workspace())
            except Exception:
                _logger.exception("a refusal could not be logged: %s", told)
            raise

    def _write_log(self, session: Session, entry: Entry, workspace: str) -> None:
        if self._keeps_log:
            audit.write(session, entry, workspace=workspace)

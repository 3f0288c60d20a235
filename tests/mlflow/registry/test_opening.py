"""A gated registry serves only when its gate works, and obeys its file as it is now."""

import time

import pytest
import sqlalchemy as sa
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from seatrial.errors import InputError
from seatrial_mlflow.attest import purpose_of
from seatrial_mlflow.gated_registry import open_store
from seatrial_mlflow.gated_registry.configuration import GATE_FILE, Gate, GateFile
from seatrial_mlflow.gated_registry.self_test import try_the_gate
from seatrial_mlflow.gated_registry.store import GatedStore
from seatrial_mlflow.gated_registry.tags import submission_tag
from seatrial_mlflow.signing import Attestation, Kind, generate, load_signer, seal

from .conftest import NOW, PASSED, write_gate

PUBLIC = "f7f8fd7a02c303c9e1ea47806b61c103dd5f274a22663f6972687b517efaf9f4"
GATE = f"""\
apiVersion: seatrial/v1
kind: RegistryGate
models:
  - {{name: solar-*, aliases: [champion]}}
keys:
  - {{public: {PUBLIC}}}
"""


class Leaking(GatedStore):
    """A store of an MLflow to come, which writes aliases in a way that neither gate nor guard sees."""

    def set_registered_model_alias(self, name, alias, version):
        row = {"name": name, "alias": alias, "version": int(version), "workspace": "default"}
        with self.ManagedSessionMaker(read_only=False) as session:
            session.execute(
                sa.text(
                    "INSERT INTO registered_model_aliases (name, alias, version, workspace) "
                    "VALUES (:name, :alias, :version, :workspace)"
                ),
                row,
            )


def test_a_gate_that_lets_something_through_does_not_serve(registry):
    store = Leaking(registry.database, GateFile(registry.gate_file))
    before = registry.dump()
    with pytest.raises(
        MlflowException, match="does not serve: its gate let alias champion of gate-.* through"
    ):
        try_the_gate(store)
    assert registry.dump() == before


def test_the_self_test_leaves_nothing_behind(registry):
    before, log = registry.dump(), registry.log()
    try_the_gate(GatedStore(registry.database, GateFile(registry.gate_file)))
    assert (registry.dump(), registry.log()) == (before, log)


def test_a_rule_may_name_a_model_that_is_in_use(model, registry, tmp_path):
    model.add("one")
    gate = tmp_path / "gate.yaml"
    gate.write_text(registry.gate_file.read_text().replace("gate-*", model.name))
    before, log = registry.dump(), registry.log()
    try_the_gate(GatedStore(registry.database, GateFile(gate)))
    assert (registry.dump(), registry.log()) == (before, log)


def test_a_write_past_the_gate_s_methods_is_stopped_by_the_session(model, registry):
    version = model.add("one")
    store = GatedStore(registry.database, GateFile(registry.gate_file))
    before = registry.dump()
    with pytest.raises(MlflowException, match="this way of writing it is not known"):
        SqlAlchemyStore.set_registered_model_alias(store, model.name, "champion", version)
    with pytest.raises(MlflowException, match="this way of writing it is not known"):
        SqlAlchemyStore.transition_model_version_stage(store, model.name, int(version), "Production", False)
    with pytest.raises(MlflowException, match="this way of writing it is not known"):
        SqlAlchemyStore.rename_registered_model(store, model.name, "elsewhere")
    assert registry.dump() == before


def test_without_its_gate_file_it_does_not_open(monkeypatch, tmp_path):
    monkeypatch.delenv(GATE_FILE, raising=False)
    with pytest.raises(MlflowException, match="a gated registry needs its gate file: set SEATRIAL_GATE"):
        open_store(f"gated:sqlite:///{tmp_path}/x.db")
    monkeypatch.setenv(GATE_FILE, str(tmp_path / "absent.yaml"))
    with pytest.raises(MlflowException, match="cannot read gate file"):
        open_store(f"gated:sqlite:///{tmp_path}/x.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("uri", ["gated:", "gated:mlflow.db", "sqlite:///x.db"])
def test_an_address_without_a_database_is_refused(uri):
    with pytest.raises(MlflowException, match="expected a URI such as gated:postgresql://"):
        open_store(uri)


def test_a_gate_file_that_is_broken_shuts_the_gate_and_a_key_that_is_added_opens_it(
    model, registry, tmp_path
):
    version = model.add("one")
    added = tmp_path / "added.pem"
    generate(added)
    purpose = purpose_of(model.client, model.name, version, "champion", None)
    statement = Attestation(Kind.VERDICT, purpose, NOW, NOW.replace(year=NOW.year + 1), PASSED)
    envelope = seal(statement, load_signer(added))
    model.client.set_model_version_tag(model.name, version, submission_tag("champion"), envelope)

    def promote():
        model.client.set_registered_model_alias(model.name, "champion", version)

    try:
        with pytest.raises(MlflowException, match="no key that is trusted here"):
            promote()
        registry.gate_file.write_text("models: [")
        with pytest.raises(MlflowException, match="gate file cannot be used, so nothing moves") as caught:
            promote()
        assert caught.value.get_http_status_code() == 403
        keys = {**registry.keys, "pipeline": added}
        write_gate(registry.gate_file, keys, extra="longest_validity_days: 366\n")
        promote()
    finally:
        write_gate(registry.gate_file, registry.keys)
    assert model.alias() == version


def test_only_the_policies_and_data_sets_of_the_rule_count(model, registry, keys):
    version = model.add("one")
    purpose = purpose_of(model.client, model.name, version, "champion", None)
    statement = Attestation(Kind.VERDICT, purpose, NOW, NOW.replace(hour=23, minute=59, second=59), PASSED)
    envelope = seal(statement, load_signer(keys["pipeline"]))
    model.client.set_model_version_tag(model.name, version, submission_tag("champion"), envelope)
    told = registry.gate_file.read_text()
    try:
        for what, named in (("policies", "policy"), ("datasets", "data set")):
            listed = f"    {what}: [sha256:{'9' * 64}]\nkeys:"
            registry.gate_file.write_text(told.replace("keys:", listed))
            with pytest.raises(MlflowException, match=f"its {named} .* is none of those that count here"):
                model.client.set_registered_model_alias(model.name, "champion", version)
    finally:
        registry.gate_file.write_text(told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("kind: RegistryGate\n", ""), "expected a key 'kind', got apiVersion, models, keys"),
        (("solar-*", "'[ab]*'"), r"models\[0\].name: expected text that matches"),
        (("[champion]", "[]"), r"models\[0\].aliases: expected a list of at least 1"),
        (
            ("[champion]", "[champion, Champion]"),
            "expected one spelling of an alias, got 'Champion', 'champion'",
        ),
        (("[champion]", "[latest]"), "'latest' is MLflow's own"),
        (
            ("[champion]", "[champion], stages: [Live]"),
            r"models\[0\].stages\[0\]: expected Staging or Production, got 'Live'",
        ),
        ((PUBLIC, "abc"), r"keys\[0\].public: expected text that matches"),
        ((f"public: {PUBLIC}", f"public: {PUBLIC}, id: abc"), "expected the id 6a63bbc9c29e"),
        (
            (f"public: {PUBLIC}", f"public: {PUBLIC}, may: []"),
            r"keys\[0\].may: expected a list of at least 1",
        ),
        (("keys:", "extra: 1\nkeys:"), "extra: unknown key; expected one of apiVersion, kind, models, keys"),
        (("keys:", f"keys:\n  - {{public: {PUBLIC}}}"), "is listed twice"),
    ],
)
def test_a_mistake_in_the_gate_file_is_named(tmp_path, change, told):
    (tmp_path / "gate.yaml").write_text(GATE.replace(*change))
    with pytest.raises(InputError, match=rf"gate.yaml: .*{told}"):
        Gate.load(tmp_path / "gate.yaml")


def test_patterns_and_aliases_hold_in_any_letter_case(tmp_path):
    (tmp_path / "gate.yaml").write_text(GATE)
    gate = Gate.load(tmp_path / "gate.yaml")
    assert gate.protected_alias("SOLAR-cells", "CHAMPION") == "champion"
    assert gate.protected_alias("solar", "champion") is None
    assert gate.protected_alias("solar-cells", "challenger") is None
    assert gate.reserves("SEATRIAL.x")
    assert not gate.reserves("seatrial-attestation.champion")


def test_a_file_is_read_again_when_it_changed(tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_text(GATE)
    file = GateFile(path)
    assert file.current() is file.current()
    time.sleep(0.01)
    path.write_text(GATE.replace("[champion]", "[live]"))
    assert file.current().aliases("solar-x") == ("live",)

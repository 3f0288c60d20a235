"""Before a deployment: are these the files that were judged, signed and promoted?"""

import shutil

import pytest
from mlflow.artifacts import download_artifacts

from seatrial.errors import InputError
from seatrial_mlflow import promote_model, rollback_model, verify_model
from seatrial_mlflow.gated_registry.tags import attestation_tag
from seatrial_mlflow.refusals import RefusedError

from .conftest import write_gate


@pytest.fixture
def promoted(model, keys):
    """A champion in the registry; its version."""
    version = model.add("one")
    promote_model.run(**model.evidence(version), key=keys["pipeline"])
    return version


def test_the_champion_is_what_was_judged(model, promoted, registry):
    for uri in (f"models:/{model.name}@champion", f"models:/{model.name}/{promoted}"):
        found = verify_model.run(uri, registry.gate_file)
        assert found.files == model.digest(promoted)
        assert found.attestation.claims["outcome"] == "pass"


def test_a_folder_is_verified_without_a_server(model, promoted, registry, tmp_path, monkeypatch):
    uri = f"models:/{model.name}@champion"
    verify_model.run(uri, registry.gate_file, save=tmp_path / "attestation.json")
    folder = tmp_path / "downloaded"
    download_artifacts(artifact_uri=uri, dst_path=str(folder))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    statement = tmp_path / "attestation.json"
    found = verify_model.run(str(folder), registry.gate_file, attestation=statement)
    assert found.attestation.purpose.version == promoted
    with pytest.raises(RefusedError, match="it is a statement for the alias 'champion', not 'shadow'"):
        verify_model.run(str(folder), registry.gate_file, attestation=statement, alias="shadow")
    (folder / "weights.txt").write_text("swapped")
    with pytest.raises(RefusedError, match="these are not the files that were judged"):
        verify_model.run(str(folder), registry.gate_file, attestation=statement)
    shutil.rmtree(folder)
    with pytest.raises(InputError, match="no such file or folder"):
        verify_model.run(str(folder), registry.gate_file, attestation=statement)


def test_files_that_were_swapped_in_the_store_are_found_out(model, promoted, registry):
    model.client.log_text(model.run_id, "swapped", f"{model.folders[promoted]}/weights.txt")
    with pytest.raises(RefusedError, match="these are not the files that were judged"):
        verify_model.run(f"models:/{model.name}@champion", registry.gate_file)


def test_a_version_that_nobody_vouches_for_is_refused(model, promoted, registry):
    version = model.add("two")
    with pytest.raises(RefusedError, match=f"version {version} of .* has no signed statement for champion"):
        verify_model.run(f"models:/{model.name}/{version}", registry.gate_file)


def test_a_statement_of_another_version_is_refused(model, promoted, registry, tmp_path):
    statement = tmp_path / "attestation.json"
    verify_model.run(f"models:/{model.name}@champion", registry.gate_file, save=statement)
    version = model.add("one")
    with pytest.raises(RefusedError, match="the version is 1 in the signed statement, but 2 here"):
        verify_model.run(f"models:/{model.name}/{version}", registry.gate_file, attestation=statement)


def test_a_key_that_is_not_trusted_vouches_for_nothing(model, promoted, keys, tmp_path):
    write_gate(tmp_path / "other.yaml", {**keys, "pipeline": keys["stranger"]})
    with pytest.raises(RefusedError, match="no key that is trusted here"):
        verify_model.run(f"models:/{model.name}@champion", tmp_path / "other.yaml")


def test_a_rollback_is_verified_as_what_it_is(model, promoted, registry, keys):
    second = model.add("two")
    promote_model.run(**model.evidence(second, promoted), key=keys["pipeline"])
    rollback_model.run(model.name, promoted, reason="night images fail", key=keys["operator"])
    found = verify_model.run(f"models:/{model.name}@champion", registry.gate_file)
    assert (found.attestation.kind, found.attestation.claims["reason"]) == ("rollback", "night images fail")
    assert attestation_tag("champion") in model.client.get_model_version(model.name, second).tags

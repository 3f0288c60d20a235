"""The gate of a real server, on sqlite and on PostgreSQL: what moves an alias, and what does not."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seatrial.errors import InputError
from seatrial.gates import Policy
from seatrial.steps import decide_promotion
from seatrial_mlflow import promote_model, rollback_model
from seatrial_mlflow.attest import purpose_of
from seatrial_mlflow.gated_registry.tags import attestation_tag, submission_tag
from seatrial_mlflow.publishing.publication import USE, VERDICT_DIGEST
from seatrial_mlflow.signing import Attestation, Kind, load_signer, seal

from .conftest import NOW, PASSED


@pytest.fixture
def hand_in(model, keys):
    """Sign whatever a forger likes, and lay it where the gate looks."""
    known = {}

    def write(
        version,
        *,
        baseline=None,
        key="pipeline",
        kind=Kind.VERDICT,
        claims=PASSED,
        issued=NOW,
        days=1.0,
        alias="champion",
        on=None,
    ):
        if version not in known:
            known[version] = purpose_of(model.client, model.name, version, alias, baseline)
        purpose = replace(known[version], alias=alias, baseline=baseline)
        statement = Attestation(kind, purpose, issued, issued + timedelta(days=days), claims)
        envelope = seal(statement, load_signer(keys[key]))
        model.client.set_model_version_tag(*(on or (model.name, version)), submission_tag(alias), envelope)
        return envelope

    return write


@pytest.fixture
def refused(registry):
    """Run an attempt that must be refused, and compare every table before and after."""

    def expect(attempt, *told, code="PERMISSION_DENIED"):
        before = registry.dump()
        with pytest.raises(MlflowException) as caught:
            attempt()
        assert caught.value.error_code == code, caught.value
        assert (
            caught.value.get_http_status_code() == {"PERMISSION_DENIED": 403, "RESOURCE_CONFLICT": 409}[code]
        )
        for words in told:
            assert words in str(caught.value)
        assert len(str(caught.value)) < 300
        assert registry.dump() == before
        last = registry.log()[-1]
        assert last["outcome"] == ("conflict" if code == "RESOURCE_CONFLICT" else "refused")
        assert told[0] in last["reason"]

    return expect


def test_a_signed_pass_promotes_and_its_successor_is_compared_with_it(model, keys, registry):
    first = model.add("one")
    promotion = promote_model.run(**model.evidence(first), key=keys["pipeline"])
    assert (promotion.changed, promotion.protection, promotion.warning()) == (True, "enforced", None)
    second = model.add("two")
    promote_model.run(**model.evidence(second, first), key=keys["pipeline"])
    assert model.alias() == second
    tags = model.client.get_model_version(model.name, second).tags
    assert tags["seatrial.verdict"] == "pass"
    assert tags["seatrial.model_digest"] == model.digest(second)
    assert attestation_tag("champion") in tags
    assert submission_tag("champion") not in tags
    moves = [
        (row["outcome"], row["target"], row["previous"], row["version"])
        for row in registry.log(model=model.name)
    ]
    assert moves == [("accepted", "champion", "", first), ("accepted", "champion", first, second)]


def test_promoting_again_changes_nothing(model, keys, registry):
    evidence = model.evidence(model.add("one"))
    promote_model.run(**evidence, key=keys["pipeline"])
    before = registry.dump()
    again = promote_model.run(**evidence, key=keys["pipeline"])
    assert not again.changed
    after = registry.dump()
    for table in set(before) - {"model_versions"}:  # the description is written again
        assert after[table] == before[table]


def test_a_dry_run_checks_the_key_too_and_writes_nothing(model, keys, registry):
    evidence = model.evidence(model.add("one"))
    before = registry.dump()
    assert promote_model.run(**evidence, key=keys["pipeline"], dry_run=True).protection == "enforced"
    with pytest.raises(InputError, match="is protected by its registry: give the key that signs verdicts"):
        promote_model.run(**evidence, dry_run=True)
    assert registry.dump() == before


def test_without_a_verdict_nothing_moves(model, refused):
    version = model.add("one")
    refused(
        lambda: model.client.set_registered_model_alias(model.name, "champion", version),
        f"{model.name}@champion is protected and version {version} has no signed verdict",
        "seatrial promote-model",
    )


@pytest.mark.parametrize(
    "text", ["pass", "{}", '{"payload": "", "payloadType": "x", "signatures": []}', "[[[[", "x" * 5000]
)
def test_a_hand_written_tag_is_no_verdict(model, refused, text):
    version = model.add("one")
    model.client.set_model_version_tag(model.name, version, submission_tag("champion"), text)
    refused(
        lambda: model.client.set_registered_model_alias(model.name, "champion", version),
        "does not count: it is",
    )


@pytest.mark.parametrize(
    "key", ["seatrial.verdict", "Seatrial.Verdict", "seatrial.attestation.champion", "ｓeatrial.x"]
)
def test_reserved_tags_are_written_by_the_gate_alone(model, refused, key):
    version = model.add("one")
    told = "is written by the registry's gate alone"
    client = model.client
    refused(lambda: client.set_model_version_tag(model.name, version, key, "pass"), told)
    refused(lambda: client.set_registered_model_tag(model.name, key, "pass"), told)
    refused(lambda: client.delete_model_version_tag(model.name, version, key), told)
    refused(lambda: client.delete_registered_model_tag(model.name, key), told)
    source = client.get_model_version(model.name, version).source
    refused(
        lambda: client.create_model_version(
            model.name, source, model.run_id, tags={key: "pass"}, await_creation_for=0
        ),
        told,
    )
    refused(lambda: client.create_registered_model(f"{model.name}-2", tags={key: "pass"}), told)


@pytest.mark.parametrize(
    ("forgery", "told"),
    [
        ({"key": "stranger"}, "no key that is trusted here"),
        ({"key": "retired"}, "expired on 2020-01-02"),
        ({"key": "operator"}, "may not sign a verdict"),
        ({"kind": Kind.ROLLBACK, "claims": {"reason": "because"}}, "may not sign a rollback"),
        ({"claims": {**PASSED, "outcome": "fail"}}, "it is FAIL, and only a pass promotes"),
        ({"claims": {}}, "only a pass promotes"),
        ({"issued": NOW - timedelta(days=2)}, "it expired at"),
        ({"issued": NOW + timedelta(days=2)}, "it was signed in the future"),
        ({"days": 31.0}, "it is valid for more than 30 days"),
    ],
)
def test_a_statement_that_does_not_count_moves_nothing(model, refused, hand_in, forgery, told):
    version = model.add("one")
    hand_in(version, **forgery)
    refused(lambda: model.client.set_registered_model_alias(model.name, "champion", version), told)


def test_a_statement_that_was_edited_after_it_was_signed_moves_nothing(model, refused, hand_in):
    version = model.add("one")
    envelope = json.loads(hand_in(version, claims={**PASSED, "outcome": "fail"}))
    payload = base64.b64decode(envelope["payload"]).replace(b'"fail"', b'"pass"')
    envelope["payload"] = base64.b64encode(payload).decode()
    model.client.set_model_version_tag(model.name, version, submission_tag("champion"), json.dumps(envelope))
    refused(
        lambda: model.client.set_registered_model_alias(model.name, "champion", version),
        "it was changed after it was signed",
    )


def test_a_verdict_on_another_version_model_or_alias_moves_nothing(model, refused, hand_in):
    first, second = model.add("same"), model.add("same")
    client, other = model.client, f"{model.name}-other"
    client.create_registered_model(other)
    source = client.get_model_version(model.name, first).source
    client.create_model_version(other, source, model.run_id, await_creation_for=0)
    hand_in(first, on=(model.name, second))
    refused(
        lambda: client.set_registered_model_alias(model.name, "champion", second),
        "it is about something else: the version is 1 there, 2 here",
    )
    hand_in(first, on=(other, "1"))
    refused(
        lambda: client.set_registered_model_alias(other, "champion", "1"),
        f"it is about something else: the model is {model.name} there",
    )
    shadow = hand_in(first, alias="shadow")
    client.set_model_version_tag(model.name, first, submission_tag("champion"), shadow)
    refused(
        lambda: client.set_registered_model_alias(model.name, "champion", first),
        "the alias is shadow there, champion here",
    )


def test_a_verdict_from_before_the_model_was_made_anew_moves_nothing(model, refused, hand_in):
    version, client = model.add("one"), model.client
    envelope = hand_in(version)
    source = client.get_model_version(model.name, version).source
    client.delete_registered_model(model.name)
    client.create_registered_model(model.name)
    client.create_model_version(model.name, source, model.run_id, await_creation_for=0)
    client.set_model_version_tag(model.name, version, submission_tag("champion"), envelope)
    refused(
        lambda: client.set_registered_model_alias(model.name, "champion", version),
        "it is about something else: the creation of the model",
    )


def test_files_that_changed_since_they_were_judged_move_nothing(model, refused, hand_in):
    version = model.add("one")
    hand_in(version)
    model.client.log_text(model.run_id, "swapped", f"{model.folders[version]}/weights.txt")
    refused(
        lambda: model.client.set_registered_model_alias(model.name, "champion", version),
        "the model's files have changed",
    )


def test_a_stale_baseline_is_a_conflict_and_asks_for_another_evaluation(
    model, keys, refused, hand_in, tmp_path
):
    first, second, third = (model.add(text) for text in ("one", "two", "three"))
    client = model.client
    hand_in(second, baseline=first)
    refused(
        lambda: client.set_registered_model_alias(model.name, "champion", second),
        f"{model.name}@champion is not set now; the verdict on version 2 compared with version 1. "
        "Evaluate again against the new champion.",
        code="RESOURCE_CONFLICT",
    )
    hand_in(first)
    client.set_registered_model_alias(model.name, "champion", first)
    late = model.evidence(third, first)
    client.set_registered_model_alias(model.name, "champion", second)
    hand_in(third, baseline=first)
    refused(
        lambda: client.set_registered_model_alias(model.name, "champion", third),
        "is version 2 now; the verdict on version 3 compared with version 1",
        code="RESOURCE_CONFLICT",
    )
    with pytest.raises(promote_model.StaleError, match="evaluate again against the new champion"):
        promote_model.run(**late, key=keys["pipeline"], out=tmp_path / "end.json")
    assert json.loads((tmp_path / "end.json").read_text())["outcome"] == "stale"


def test_an_alias_that_reads_like_the_champion_is_none(model, refused, hand_in):
    version = model.add("one")
    for alias in ("CHAMPION", "Champion", "ｃhampion"):
        hand_in(version, alias=alias)
        refused(
            lambda alias=alias: model.client.set_registered_model_alias(model.name, alias, version),
            f"{alias!r} reads like the protected alias 'champion'",
        )


@pytest.mark.filterwarnings("ignore:.*transition_model_version_stage.*:FutureWarning")
def test_other_aliases_and_other_models_are_as_free_as_ever(model, registry):
    version = model.add("one")
    model.client.set_registered_model_alias(model.name, "candidate", version)
    model.client.delete_registered_model_alias(model.name, "candidate")
    free = f"free-{model.name}"
    model.client.create_registered_model(free)
    source = model.client.get_model_version(model.name, version).source
    model.client.create_model_version(free, source, model.run_id, await_creation_for=0)
    model.client.set_registered_model_alias(free, "champion", "1")
    model.client.transition_model_version_stage(free, "1", "Production")
    assert model.client.get_registered_model(free).aliases == {"champion": "1"}
    model.client.rename_registered_model(free, f"{free}-renamed")
    model.client.delete_registered_model(f"{free}-renamed")
    assert registry.log(model=free) == []


@pytest.mark.filterwarnings("ignore:.*transition_model_version_stage.*:FutureWarning")
def test_a_protected_stage_follows_the_protected_alias(model, refused, hand_in):
    first, second = model.add("one"), model.add("two")
    client = model.client
    for stage in ("Production", "production"):
        refused(
            lambda stage=stage: client.transition_model_version_stage(model.name, first, stage),
            f"stage Production of {model.name} is protected: version 1 must be champion or shadow first",
        )
    client.transition_model_version_stage(model.name, first, "Staging")
    hand_in(first)
    client.set_registered_model_alias(model.name, "champion", first)
    client.transition_model_version_stage(model.name, first, "Production")
    refused(
        lambda: client.transition_model_version_stage(model.name, first, "Archived"),
        "version 1 of",
        "is champion and stays in Production",
    )
    refused(
        lambda: client.transition_model_version_stage(
            model.name, second, "Production", archive_existing_versions=True
        ),
        "must be champion or shadow first",
    )
    hand_in(second, baseline=first)
    client.set_registered_model_alias(model.name, "champion", second)
    client.transition_model_version_stage(model.name, second, "Production", archive_existing_versions=True)
    assert client.get_model_version(model.name, first).current_stage == "Archived"


def test_a_copy_leaves_the_verdict_behind(model, refused, hand_in):
    first, client = model.add("one"), model.client
    hand_in(first)
    client.set_registered_model_alias(model.name, "champion", first)
    copied = f"{model.name}-copy"
    version = client.copy_model_version(f"models:/{model.name}/{first}", copied).version
    tags = client.get_model_version(copied, version).tags
    assert not [key for key in tags if key.startswith("seatrial.")]
    envelope = client.get_model_version(model.name, first).tags[attestation_tag("champion")]
    client.set_model_version_tag(copied, version, submission_tag("champion"), envelope)
    refused(
        lambda: client.set_registered_model_alias(copied, "champion", version), "it is about something else"
    )


def test_what_is_live_is_neither_renamed_nor_deleted(model, refused, hand_in):
    first, client = model.add("one"), model.client
    spare = model.add("two")
    hand_in(first)
    client.set_registered_model_alias(model.name, "champion", first)
    refused(
        lambda: client.rename_registered_model(model.name, "elsewhere"), "cannot be renamed from or to it"
    )
    refused(
        lambda: client.delete_registered_model_alias(model.name, "champion"),
        "@champion is protected and stays",
    )
    refused(
        lambda: client.delete_model_version(model.name, first),
        "version 1 of",
        "is champion, which is protected",
    )
    refused(lambda: client.delete_registered_model(model.name), "has a version that is champion")
    client.delete_model_version(model.name, spare)


def test_a_model_that_has_a_champion_already_is_not_renamed_into_protection(model, refused):
    version, client = model.add("one"), model.client
    free = f"free-{model.name}"
    client.create_registered_model(free)
    source = client.get_model_version(model.name, version).source
    client.create_model_version(free, source, model.run_id, await_creation_for=0)
    client.set_registered_model_alias(free, "champion", "1")
    for name in (f"{model.name}-2", f"GATE-{model.name}"):
        refused(lambda name=name: client.rename_registered_model(free, name), f"{name} is protected")


def test_a_rollback_is_signed_and_the_verdict_that_it_undoes_is_used_up(
    model, keys, refused, registry, hand_in
):
    first, second = model.add("one"), model.add("two")
    client = model.client
    hand_in(first)
    client.set_registered_model_alias(model.name, "champion", first)
    envelope = hand_in(second, baseline=first)
    client.set_registered_model_alias(model.name, "champion", second)
    with pytest.raises(promote_model.RefusedError, match="may not sign a rollback"):
        rollback_model.run(model.name, first, reason="night images fail", key=keys["pipeline"])
    assert rollback_model.run(model.name, first, reason="night images fail", key=keys["operator"]).changed
    assert model.alias() == first
    assert registry.log(model=model.name)[-1]["reason"] == "night images fail"
    client.set_model_version_tag(model.name, second, submission_tag("champion"), envelope)
    refused(
        lambda: client.set_registered_model_alias(model.name, "champion", second),
        "the signed verdict on version 2 was used before; evaluate again",
    )
    with pytest.raises(InputError, match="a rollback needs its reason"):
        rollback_model.run(model.name, second, reason=" ", key=keys["operator"])


def test_six_promoters_at_once_ten_times_one_wins_and_none_is_lost(model, registry, hand_in):
    versions = [model.add(f"weights {number}") for number in range(7)]
    client, champion, winners = model.client, None, []

    def promote(version):
        try:
            client.set_registered_model_alias(model.name, "champion", version)
        except MlflowException as error:
            return error.error_code
        return "accepted"

    with ThreadPoolExecutor(6) as pool:
        for number in range(10):
            rivals = [one for one in versions if one != champion][:6]
            for version in rivals:
                hand_in(version, baseline=champion, issued=NOW + timedelta(seconds=number))
            ended = dict(zip(rivals, pool.map(promote, rivals), strict=True))
            assert sorted(ended.values()) == [*["RESOURCE_CONFLICT"] * 5, "accepted"], ended
            champion = next(version for version, told in ended.items() if told == "accepted")
            assert model.alias() == champion
            winners.append(champion)
    accepted = [
        (row["previous"], row["version"]) for row in registry.log(model=model.name, outcome="accepted")
    ]
    assert accepted == list(zip(["", *winners], winners, strict=False))
    assert len(registry.log(model=model.name, outcome="conflict")) == 50


def test_the_log_says_who_asked_and_cannot_be_changed(model, registry):
    import sqlalchemy as sa

    version = model.add("one")
    with pytest.raises(MlflowException):
        model.client.set_registered_model_alias(model.name, "champion", version)
    last = registry.log(model=model.name)[-1]
    assert last["who"] == "anonymous from 127.0.0.1"
    engine = sa.create_engine(registry.database)
    for statement in ("UPDATE seatrial_gate_log SET outcome = 'accepted'", "DELETE FROM seatrial_gate_log"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_a_client_is_told_what_is_protected_and_nothing_of_it_is_stored(model, registry):
    model.add("one")
    assert model.client.get_registered_model(model.name).tags == {
        "seatrial.gate": "champion, shadow, Production"
    }
    assert not [row for row in registry.dump()["registered_model_tags"] if "seatrial.gate" in row]


@pytest.mark.parametrize("part", ["candidate", "baseline", "dataset", "use"])
def test_a_verdict_that_was_edited_to_be_about_something_else_is_not_signed(model, keys, registry, part):
    champion, never_judged = model.add("one"), model.add("two")
    promote_model.run(**model.evidence(champion), key=keys["pipeline"])
    evidence = model.evidence(model.add("three"), champion)
    changed = {
        "candidate": {"model": f"models:/{model.name}/{never_judged}", "digest": model.digest(never_judged)},
        "baseline": {"model": f"models:/{model.name}/{never_judged}"},
        "dataset": {"digest": f"sha256:{'cd' * 32}"},
        "use": {"id": "another"},
    }
    file = evidence["verdict"] / "verdict.json"
    verdict = json.loads(file.read_text())
    verdict["inputs"][part] |= changed[part]
    file.write_text(json.dumps(verdict))
    with pytest.raises(promote_model.RefusedError, match=f"the {part} of the verdict is not that of its sl"):
        promote_model.run(**evidence, key=keys["pipeline"])
    assert model.alias() == champion


def test_a_policy_that_limits_uses_is_signed_at_the_level_of_the_use_that_was_counted(model, keys, registry):
    version = model.add("one")
    evidence = model.evidence(version)
    limited = evidence["policy"].read_text() + "dataset: {max_uses: 5}\n"
    evidence["policy"].write_text(limited)
    report = evidence["slices"] / "slice_report.json"
    measured = json.loads(report.read_text()) | {
        "confidence": 1 - Policy.load(evidence["policy"]).alpha_of(1)
    }
    report.write_text(json.dumps(measured))
    ledger = str(model.folder / "uses.jsonl")
    decide_promotion.run(evidence["policy"], evidence["slices"], evidence["verdict"], ledger=ledger)
    file = evidence["verdict"] / "verdict.json"
    kept = file.read_text()
    verdict = json.loads(kept)
    verdict["inputs"]["use"] |= {"number": 2, "alpha": Policy.load(evidence["policy"]).alpha_of(2)}
    file.write_text(json.dumps(verdict))
    with pytest.raises(promote_model.RefusedError, match="the verdict is error: not signed"):
        promote_model.run(**evidence, key=keys["pipeline"])
    file.write_text(kept)
    other = _judged_before(measured["dataset"]["digest"])
    with pytest.raises(promote_model.RefusedError, match="decided as use 1 of the data set, MLflow .* use 2"):
        promote_model.run(**evidence, key=keys["pipeline"])
    MlflowClient().set_tag(other, USE, verdict["inputs"]["use"]["id"])  # it was this one
    promote_model.run(**evidence, key=keys["pipeline"])
    assert model.alias() == version


def _judged_before(dataset):
    """Leave a run as publishing does, that judged another candidate on the data set."""
    client = MlflowClient()
    run = client.create_run("0")
    client.log_param(run.info.run_id, "dataset_digest", dataset)
    client.set_tag(run.info.run_id, VERDICT_DIGEST, "sha256:another")
    client.set_tag(run.info.run_id, USE, "another")
    return run.info.run_id

"""The manifests are valid for several versions of Kubernetes, and what they name exists."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

from seatrial.errors import InputError
from seatrial_mlflow.gated_registry.configuration import Gate
from seatrial_pipelines.config import RunConfig

K8S = Path(__file__).parents[2] / "k8s"
ROOT = K8S.parent
VERSIONS = ("1.31", "1.34", "1.37")

#: Objects of other projects, whose schemas kubernetes-validate does not hold.
FOREIGN = {"ExternalSecret", "SealedSecret"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(overlay, version):
    import kubernetes_validate

    for one in overlay:
        if one["kind"] not in FOREIGN:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the validator's own libraries
                kubernetes_validate.validate(one, version, strict=True)


def test_validator_notices_a_wrong_object(objects):
    import kubernetes_validate

    wrong = {**objects("kind")["Service", "mlflow"], "spec": {"ports": [{"port": "http"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_yaml_is_tidy():
    done = subprocess.run(
        [sys.executable, "-m", "yamllint", "--strict", "-c", K8S / ".yamllint.yaml", K8S],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", ["components/Containerfile", "k8s/mlflow/Containerfile"])
def test_containerfile_is_tidy(file):
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, ROOT / file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_pods_mount_and_read_exists(objects, policy):
    for name in ("kind", "production"):
        found = objects(name)
        configs = {key[1] for key in found if key[0] == "ConfigMap"}
        for pod, template in policy.pods(list(found.values())):
            assert _config_maps(template["spec"]) <= configs, pod
            assert ("ServiceAccount", template["spec"]["serviceAccountName"]) in found, pod


def _config_maps(spec: dict) -> set[str]:
    mounted = [one["configMap"] for one in spec.get("volumes", []) if "configMap" in one]
    read = [
        source["configMapRef"]
        for container in spec.get("initContainers", []) + spec["containers"]
        for source in container.get("envFrom", [])
        if "configMapRef" in source
    ]
    return {one["name"] for one in mounted + read if not one.get("optional")}


def test_services_disruption_budgets_and_network_policies_select_pods_that_exist(objects, policy):
    for name in ("kind", "production"):
        found = objects(name)
        labels = [template["metadata"]["labels"] for _, template in policy.pods(list(found.values()))]
        for (kind, which), one in found.items():
            wanted = {
                "Service": lambda spec: spec.get("selector", {}),
                "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
                "NetworkPolicy": lambda spec: spec["podSelector"].get("matchLabels", {}),
            }.get(kind, lambda spec: {})(one.get("spec", {}))
            assert any(wanted.items() <= label.items() for label in labels), f"{kind}/{which}"


def test_every_secret_that_production_reads_comes_from_the_vault(objects, policy):
    found = objects("production")
    vault = {
        one["metadata"]["name"]: {key["secretKey"] for key in one["spec"]["data"]}
        for one in found.values()
        if one["kind"] == "ExternalSecret"
    }
    for pod, template in policy.pods(list(found.values())):
        for container in template["spec"].get("initContainers", []) + template["spec"]["containers"]:
            for variable in container.get("env", []):
                wanted = variable.get("valueFrom", {}).get("secretKeyRef")
                assert not wanted or wanted["key"] in vault[wanted["name"]], pod


def test_sealed_secrets_hold_what_the_vault_holds():
    external, sealed = (
        {
            (one["metadata"]["namespace"], one["metadata"]["name"]): set(keys(one["spec"]))
            for one in yaml.safe_load_all((K8S / "components" / folder / "secrets.yaml").read_text())
        }
        for folder, keys in (
            ("external-secrets", lambda spec: (key["secretKey"] for key in spec["data"])),
            ("sealed-secrets", lambda spec: spec["encryptedData"]),
        )
    )
    assert external == sealed


def test_images_are_of_the_version_in_this_tree(objects, policy):
    import seatrial

    for name in ("kind", "production"):
        used = {
            container["image"]
            for _, template in policy.pods(list(objects(name).values()))
            for container in template["spec"].get("initContainers", []) + template["spec"]["containers"]
        }
        ours = {one for one in used if "seatrial" in one}
        assert len(ours) == 2
        assert {one.rpartition(":")[2] for one in ours} == {seatrial.__version__}


@pytest.mark.parametrize("name", ["kind", "production"])
def test_gate_file_opens_nothing_before_its_keys_are_real(name, tmp_path):
    text = (K8S / "overlays" / name / "gate.yaml").read_text()
    with pytest.raises(InputError, match="public"):
        Gate.load(K8S / "overlays" / name / "gate.yaml")
    (tmp_path / "gate.yaml").write_text(text.replace("REPLACE", "ab" * 32))
    with pytest.raises(InputError, match="listed twice"):
        Gate.load(tmp_path / "gate.yaml")
    (tmp_path / "gate.yaml").write_text(text.replace("REPLACE", "ab" * 32, 1).replace("REPLACE", "cd" * 32))
    assert Gate.load(tmp_path / "gate.yaml").aliases("solar") == ("champion",)


@pytest.mark.parametrize("name", ["kind", "production"])
def test_models_that_the_trigger_judges_are_configured_for_a_cluster(name):
    from seatrial_pipelines.submission import submission_arguments

    config = RunConfig.load(K8S / "overlays" / name / "solar.yaml")
    assert submission_arguments(config)["registered_model"] == "solar"

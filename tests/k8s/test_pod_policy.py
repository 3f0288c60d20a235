"""Every pod keeps to the restricted profile, and the check would notice one that does not."""

import copy

import pytest


def test_every_pod_keeps_to_the_policy(overlay, policy):
    found = {name: told for name, template in policy.pods(overlay) if (told := policy.violations(template))}
    assert found == {}


def test_every_account_has_a_reason_for_its_token(overlay, policy):
    mounts = {
        one["metadata"]["name"]
        for one in overlay
        if one["kind"] == "ServiceAccount" and one.get("automountServiceAccountToken") is not False
    }
    assert mounts <= set(policy.NEEDS_TOKEN)


def test_every_service_answers_a_probe(overlay, policy):
    for name, template in policy.pods(overlay):
        if name.startswith(("Deployment/", "StatefulSet/")):
            for container in template["spec"]["containers"]:
                assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name


def test_namespace_enforces_the_restricted_profile(objects):
    for name in ("kind", "production"):
        labels = objects(name)["Namespace", "seatrial"]["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nothing_talks_unless_a_policy_says_so(objects):
    for name in ("kind", "production"):
        spec = objects(name)["NetworkPolicy", "deny-all"]["spec"]
        assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_role_has_a_wildcard_or_reads_every_secret(overlay):
    for one in overlay:
        for rule in one.get("rules", []) if one["kind"] in {"Role", "ClusterRole"} else []:
            assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]
            if "secrets" in rule["resources"]:
                assert rule["resourceNames"]
                assert rule["verbs"] == ["get"]


def test_no_secret_is_written_in_a_manifest(overlay):
    assert [one["metadata"]["name"] for one in overlay if one["kind"] == "Secret"] == []


@pytest.fixture
def sound(objects):
    return copy.deepcopy(objects("kind")["Deployment", "mlflow"]["spec"]["template"])


def _set(place, *path, value):
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value


CONTAINER = ("spec", "containers", 0)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("spec", "securityContext", "runAsNonRoot"), False, "numbered user"),
        (("spec", "securityContext", "runAsUser"), 0, "numbered user"),
        (("spec", "securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccomp"),
        (("spec", "automountServiceAccountToken"), True, "token"),
        (("spec", "serviceAccountName"), "default", "default account"),
        (("spec", "hostNetwork"), True, "hostNetwork"),
        (("spec", "volumes"), [{"name": "v", "hostPath": {"path": "/"}}], "of the machine"),
        (("spec", "volumes"), [{"name": "v", "emptyDir": {}}], "no limit"),
        ((*CONTAINER, "securityContext", "privileged"), True, "privileged"),
        ((*CONTAINER, "securityContext", "allowPrivilegeEscalation"), True, "gain privileges"),
        ((*CONTAINER, "securityContext", "readOnlyRootFilesystem"), False, "root file system"),
        ((*CONTAINER, "securityContext", "capabilities"), {"drop": ["NET_RAW"]}, "capabilities"),
        ((*CONTAINER, "securityContext", "runAsUser"), 0, "root"),
        ((*CONTAINER, "resources", "limits"), {"cpu": "1"}, "limits lack"),
        ((*CONTAINER, "image"), "seatrial-mlflow:latest", "fixed tag"),
        ((*CONTAINER, "image"), "localhost:5000/seatrial-mlflow", "fixed tag"),
        ((*CONTAINER, "env"), [{"name": "PGPASSWORD", "value": "x"}], "stands in the manifest"),
    ],
)
def test_a_pod_that_breaks_the_policy_is_found(sound, policy, path, value, told):
    assert policy.violations(sound) == []
    _set(sound, *path, value=value)
    assert any(told in one for one in policy.violations(sound))

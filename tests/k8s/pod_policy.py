"""What every pod of Seatrial keeps to: Kubernetes' restricted profile, and more."""

from collections.abc import Iterator

__all__ = ["pods", "violations"]

#: Accounts whose pods talk to the API server, and why.
NEEDS_TOKEN = {"seatrial-pipeline": "Kubeflow's launcher and Argo's executor run in its pods"}


def pods(objects: list[dict]) -> Iterator[tuple[str, dict]]:
    """Give the pod template of everything that makes pods, with a name for it."""
    for one in objects:
        spec = one.get("spec", {})
        if one["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec and "spec" in spec["template"]:
            yield f"{one['kind']}/{one['metadata']['name']}", spec["template"]


def violations(template: dict) -> list[str]:
    """Say what is wrong with a pod."""
    spec = template["spec"]
    pod = spec.get("securityContext", {})
    found = []
    if pod.get("runAsNonRoot") is not True or not pod.get("runAsUser"):
        found.append("does not run as a numbered user other than root")
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        found.append("seccomp profile is not RuntimeDefault")
    if spec.get("automountServiceAccountToken") is not False:
        found.append("mounts a service account's token")
    if spec.get("serviceAccountName", "default") == "default":
        found.append("runs as the namespace's default account")
    found += [f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += [
        f"volume {one['name']} is of the machine" for one in spec.get("volumes", []) if "hostPath" in one
    ]
    found += [
        f"volume {one['name']} has no limit"
        for one in spec.get("volumes", [])
        if "emptyDir" in one and not one["emptyDir"].get("sizeLimit")
    ]
    for container in spec.get("initContainers", []) + spec["containers"]:
        found += [f"{container['name']}: {told}" for told in _container(container)]
    return found


def _container(container: dict) -> Iterator[str]:
    security = container.get("securityContext", {})
    capabilities = security.get("capabilities", {})
    image, _, tag = container["image"].rpartition(":")
    broken = {
        "is privileged": security.get("privileged"),
        "may gain privileges": security.get("allowPrivilegeEscalation") is not False,
        "may write to its root file system": security.get("readOnlyRootFilesystem") is not True,
        "keeps capabilities": capabilities.get("drop") != ["ALL"] or capabilities.get("add"),
        "runs as root": security.get("runAsUser") == 0 or security.get("runAsNonRoot") is False,
        f"image {container['image']} has no fixed tag": not image or "/" in tag or tag == "latest",
    }
    yield from (told for told, is_so in broken.items() if is_so)
    for kind in ("requests", "limits"):
        missing = {"cpu", "memory", "ephemeral-storage"} - set(container.get("resources", {}).get(kind, {}))
        if missing:
            yield f"{kind} lack {', '.join(sorted(missing))}"
    for name in (one["name"] for one in container.get("env", []) if "value" in one):
        if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN")) and not name.endswith("_FILE"):
            yield f"{name} stands in the manifest"

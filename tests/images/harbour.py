"""Containers on this machine as a cluster would run them: pods of a manifest, and a network of their own.

Everything shares one network namespace that leads nowhere, so nothing in it can report to anybody. Names of
services are lines of /etc/hosts. What a cluster does and this does not: limits of CPU and memory, network
policies, rights.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

__all__ = ["Harbour", "Pod", "run"]

_CONF = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4000:4000"]
netns = "host"
"""

NAMES = (
    *("mlflow-database", "mlflow-database.seatrial.svc", "mlflow", "mlflow.seatrial.svc"),
    *("trigger", "trigger.seatrial.svc", "minio-service.kubeflow.svc", "ml-pipeline.kubeflow.svc"),
)


def run(*command: str | Path, **options: object) -> str:
    """Run a program to its end; gives what it wrote, fails with all of it."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )
    if done.returncode:
        raise AssertionError(
            f"{' '.join(map(str, command))[:300]}\nended with {done.returncode}:\n{done.stdout[-8000:]}"
        )
    return done.stdout


@dataclass
class Harbour:
    """A place for containers.

    Attributes:
        folder: Where volumes and settings are kept.
        images: Image on this machine by the name that manifests use.
        objects: Objects of an overlay, by kind and name.
        secrets: Content of the Secrets that pods read, by name and key.
    """

    folder: Path
    images: dict[str, str]
    objects: dict[tuple[str, str], dict]
    secrets: dict[str, dict[str, str]]
    name: str = field(default_factory=lambda: f"seatrial-test-{uuid4().hex[:8]}")
    _started: list[str] = field(default_factory=list)
    _processes: list[subprocess.Popen] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the settings of podman, and who is who."""
        (self.folder / "containers.conf").write_text(_CONF)
        os.environ["CONTAINERS_CONF"] = str(self.folder / "containers.conf")
        lines = ["127.0.0.1 localhost", *(f"127.0.0.1 {name}" for name in NAMES)]
        self.hosts.write_text("\n".join(lines) + "\n")

    @property
    def hosts(self) -> Path:
        """The file /etc/hosts of every container."""
        return self.folder / "hosts"

    @property
    def network(self) -> str:
        """The network of every container, as podman and Docker's API call it."""
        return f"container:{self.name}"

    def open(self, image: str) -> None:
        """Make the network; a container that sleeps holds it."""
        run("podman", "run", "--detach", "--name", self.name, "--network", "none", image, "sleep", "infinity")
        self._started.append(self.name)

    def close(self) -> None:
        """End everything that was started, the last first."""
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
        for name in reversed(self._started):
            (self.folder / f"{name}.log").write_text(subprocess.getoutput(f"podman logs {name}"))
            subprocess.run(["podman", "rm", "--force", "--time", "0", name], check=False, capture_output=True)

    def inside(self, *command: str | Path) -> list[str]:
        """Give the command line that runs a program of this machine within the network."""
        found = run("podman", "inspect", "--format", "{{.State.Pid}}", self.name).strip()
        return ["nsenter", f"--net=/proc/{found}/ns/net", *map(str, command)]

    def serve(self, *command: str | Path, port: int) -> None:
        """Run a server of this machine within the network, until the end."""
        with (self.folder / f"{port}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(self.inside(*command), stdout=log, stderr=log, start_new_session=True)
            )
        self.wait_for(port)

    def wait_for(self, port: int, seconds: float = 180) -> None:
        """Wait until something listens."""
        probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        deadline = time.monotonic() + seconds
        while subprocess.run(
            self.inside("python3", "-c", probe), check=False, capture_output=True
        ).returncode:
            if time.monotonic() > deadline:
                logs = [subprocess.getoutput(f"podman logs --tail 60 {one}") for one in self._started[1:]]
                raise AssertionError(f"nothing listens on {port} after {seconds:.0f} s\n" + "\n".join(logs))
            time.sleep(0.5)

    def pod(self, kind: str, name: str) -> "Pod":
        """Give a pod as the manifest describes it."""
        spec = self.objects[kind, name]["spec"]
        if kind == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        return Pod(self, f"{self.name}-{name}-{uuid4().hex[:4]}", name, spec["template"]["spec"], spec)

    @contextlib.contextmanager
    def socket(self) -> Iterator[str]:
        """Serve Docker's API for a while; gives its address."""
        path = self.folder / "podman.sock"
        process = subprocess.Popen(
            ["podman", "system", "service", "--time", "0", f"unix://{path}"], start_new_session=True
        )
        try:
            while not path.exists():
                time.sleep(0.1)
            yield f"unix://{path}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


@dataclass
class Pod:
    """A pod of a manifest.

    Attributes:
        harbour: Where it runs.
        id: What its containers are called.
        name: Whose pod it is.
        spec: The pod.
        owner: What makes it, for its volume claims.
    """

    harbour: Harbour
    id: str
    name: str
    spec: dict
    owner: dict

    def start(self) -> None:
        """Start its container, to run on."""
        (container,) = self.spec["containers"]
        run(*self._command(container, "--detach", "--name", self.id))
        self.harbour._started.append(self.id)

    def finish(self, **environment: str) -> str:
        """Run its containers to their ends, one after the other; gives what they wrote."""
        found = [*self.spec.get("initContainers", []), *self.spec["containers"]]
        extra = [word for key, value in environment.items() for word in ("--env", f"{key}={value}")]
        return "\n".join(run(*self._command(one, "--rm", *extra)) for one in found)

    def exec(self, *command: str) -> str:
        """Run a program in its container."""
        return run("podman", "exec", self.id, *command)

    def _command(self, container: dict, *options: str) -> list[str]:
        security = self.spec["securityContext"]
        words = [
            *("podman", "run", *options, "--read-only", "--read-only-tmpfs=false"),
            *("--user", f"{security['runAsUser']}:{security['runAsGroup']}"),
            *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
            *("--network", self.harbour.network, "--volume", f"{self.harbour.hosts}:/etc/hosts:ro"),
        ]
        for key, value in self._environment(container).items():
            words += ["--env", f"{key}={value}"]
        for mount in container.get("volumeMounts", []):
            place = self._volume(mount["name"])
            if place is not None:
                access = "ro" if mount.get("readOnly") else "rw"
                words += ["--volume", f"{place}:{mount['mountPath']}:{access}"]
        command = container.get("command", [])
        if command:
            words += ["--entrypoint", json.dumps(command[:1])]
        image = container["image"]
        words.append(self.harbour.images[image.rpartition(":")[0].rpartition("/")[2]])
        return [*words, *command[1:], *container.get("args", [])]

    def _environment(self, container: dict) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                found |= self.harbour.objects["ConfigMap", source["configMapRef"]["name"]]["data"]
            else:
                found |= self.harbour.secrets[source["secretRef"]["name"]]
        for variable in container.get("env", []):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
            else:
                wanted = variable["valueFrom"]["secretKeyRef"]
                found[variable["name"]] = self.harbour.secrets[wanted["name"]][wanted["key"]]
        return found

    def _volume(self, name: str) -> Path | None:
        """Lay a volume out in a folder; None where an optional one is absent."""
        claims = {one["metadata"]["name"] for one in self.owner.get("volumeClaimTemplates", [])}
        volume = next((one for one in self.spec.get("volumes", []) if one["name"] == name), {})
        lasting = name in claims or "persistentVolumeClaim" in volume
        place = self.harbour.folder / "volumes" / (self.name if lasting else self.id) / name
        if not place.exists():
            content = self._content(volume)
            if content is None:
                return None
            place.mkdir(parents=True)
            for key, text in content.items():
                (place / key).write_text(text)
                (place / key).chmod(0o440)
            security = self.spec["securityContext"]
            for one in (place, *place.iterdir()):
                os.chown(one, 0, security["fsGroup"])
            place.chmod(0o2775)
        return place

    def _content(self, volume: dict) -> dict[str, str] | None:
        if "configMap" in volume:
            found = self.harbour.objects.get(("ConfigMap", volume["configMap"]["name"]))
            assert found or volume["configMap"].get("optional"), volume
            return found and found["data"]
        if "secret" in volume:
            secret = self.harbour.secrets[volume["secret"]["secretName"]]
            return {one["path"]: secret[one["key"]] for one in volume["secret"]["items"]}
        return {}


def programs(*names: str) -> Sequence[str]:
    """Give those of the named programs that are not installed."""
    return [name for name in names if shutil.which(name) is None]

"""TrainJobs on Kubernetes: made, waited for and never left behind."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from seatrial.errors import InputError, ServiceError

__all__ = ["Jobs", "ended_by_signal"]

_GROUP, _VERSION, _PLURAL = "trainer.kubeflow.org", "v1alpha1", "trainjobs"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

_ABSENT, _CONFLICT, _BUSY, _BROKEN = 404, 409, 429, 500

#: Requests in a row that may fail before Kubernetes is said not to answer; with their pauses two minutes.
_PATIENCE = 8

#: Seconds until a deleted job, with its pods, has to be gone.
_LONGEST_END = 300.0


@dataclass(frozen=True)
class Jobs:
    """The TrainJobs of a namespace.

    Attributes:
        api: Kubernetes' client for custom objects.
        namespace: The namespace.
        pause: Seconds between two looks at a job.
    """

    api: Any
    namespace: str
    pause: float = 5.0

    @classmethod
    def connected(cls, namespace: str = "") -> "Jobs":
        """Connect as the pod's service account, outside a cluster as kubectl would.

        Args:
            namespace: The namespace; empty for the pod's own.

        Raises:
            InputError: There is neither a service account nor a kubeconfig, or no namespace.
        """
        from kubernetes import client, config

        try:
            if "KUBERNETES_SERVICE_HOST" in os.environ:
                config.load_incluster_config()
            else:
                config.load_kube_config(os.environ.get("KUBECONFIG"))  # as it is now, not at import
        except (config.ConfigException, OSError) as error:
            raise InputError(f"no way to Kubernetes: {' '.join(str(error).split())}") from error
        own = _NAMESPACE_FILE.read_text(encoding="utf-8").strip() if _NAMESPACE_FILE.is_file() else ""
        chosen = namespace or own
        if not chosen:
            raise InputError("no namespace is named, and this is no pod that has one")
        pause = float(os.environ.get("SEATRIAL_TRAINJOB_SECONDS", "5"))
        return cls(client.CustomObjectsApi(), chosen, pause)

    @contextlib.contextmanager
    def running(self, manifest: dict[str, Any]) -> Iterator[None]:
        """Have a job for the block; afterwards it is deleted, however the block ends.

        A job of the same name, which an earlier attempt left, is deleted first.

        Raises:
            ServiceError: Kubernetes does not answer or refuses.
        """
        name = manifest["metadata"]["name"]
        self._delete(name)
        self._gone(name)
        made = self._ask(lambda: self.api.create_namespaced_custom_object(*self._place, manifest))
        if made is None:
            raise ServiceError("Kubernetes knows no TrainJobs: is Kubeflow Trainer installed there?")
        sys.stderr.write(f"evaluate: started TrainJob {name} in {self.namespace}\n")
        try:
            yield
        finally:
            self._delete(name)

    def wait(self, name: str, timeout: float) -> None:
        """Wait until a job is complete.

        Raises:
            InputError: It failed, was deleted, or did not end in time.
            ServiceError: Kubernetes does not answer or refuses.
        """
        end, told = time.monotonic() + timeout, ""
        while True:
            job = self._get(name)
            if job is None:
                raise InputError(f"TrainJob {name} was deleted while it ran")
            state, reason = _state(job)
            if state != told:
                sys.stderr.write(f"evaluate: TrainJob {name}: {state}\n")
                told = state
            if state == "Complete":
                return
            if state == "Failed":
                raise InputError(f"TrainJob {name} failed: {reason or 'the log of its pods says why'}")
            if time.monotonic() > end:
                raise InputError(f"TrainJob {name} did not end within {timeout:g} s")
            time.sleep(self.pause)

    @property
    def _place(self) -> tuple[str, str, str, str]:
        return _GROUP, _VERSION, self.namespace, _PLURAL

    def _get(self, name: str) -> dict[str, Any] | None:
        found = self._ask(lambda: self.api.get_namespaced_custom_object(*self._place, name))
        return None if found is None else dict(found)

    def _delete(self, name: str) -> None:
        policy = {"propagationPolicy": "Foreground"}
        self._ask(lambda: self.api.delete_namespaced_custom_object(*self._place, name, body=policy))

    def _gone(self, name: str) -> None:
        end = time.monotonic() + _LONGEST_END
        while self._get(name) is not None:
            if time.monotonic() > end:
                raise ServiceError(f"TrainJob {name} of an earlier attempt is still being deleted")
            time.sleep(self.pause)

    def _ask(self, request: Callable[[], Any]) -> Any:
        """Ask Kubernetes, again where it is busy or away; None where there is no such job."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        for attempt in range(_PATIENCE):
            try:
                return request()
            except ApiException as error:
                told = f"{error.status} {error.reason}"
                if error.status == _ABSENT:
                    return None
                if error.status != _BUSY and (error.status or 0) < _BROKEN:
                    raise ServiceError(f"Kubernetes refused: {told}: {_message(error)}") from error
                last: Exception = error
            except HTTPError as error:
                told, last = " ".join(str(error).split()), error
            time.sleep(min(self.pause * 2**attempt, 30.0) if attempt + 1 < _PATIENCE else 0.0)
        raise ServiceError(f"Kubernetes does not answer: {told}") from last


def _message(error: Any) -> str:
    return " ".join(str(error.body or "").split())[:400]


def _state(job: dict[str, Any]) -> tuple[str, str]:
    """Give a job's last state and its reason; ``Created`` where nothing is known yet."""
    true = [one for one in job.get("status", {}).get("conditions", ()) if one.get("status") == "True"]
    for wanted in ("Failed", "Complete", "Suspended"):
        for one in true:
            if one.get("type") == wanted:
                return wanted, str(one.get("message") or one.get("reason") or "")
    return "Created", ""


@contextlib.contextmanager
def ended_by_signal() -> Iterator[None]:
    """Let a pod that Kubernetes stops leave its blocks, so that what it has started ends with it.

    Raises:
        SystemExit: SIGTERM came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

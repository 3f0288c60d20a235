"""One way to reach MLflow: bounded patience, errors in one line, nothing printed."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seatrial.errors import InputError, SeatrialError, ServiceError
from seatrial.secrets import without_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

__all__ = ["TRACKING_URI", "connected", "is_absent", "is_mlflow_uri"]

TRACKING_URI = "MLFLOW_TRACKING_URI"

# MLflow's own retries (back-off on connection errors, 429 and 5xx), with an end: about half a minute for a
# server that restarts, where MLflow alone would try for four minutes. What the user has set wins.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
# the first request finds out whether anybody is there
_FIRST_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
}
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")
_USER = (*_ABSENT, "INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE")
_MOST = 400


def is_mlflow_uri(uri: str) -> bool:
    """Tell whether a model URI is one of MLflow's: ``runs:/…`` or ``models:/…``."""
    return uri.startswith(("runs:/", "models:/"))


@contextmanager
def connected(tracking_uri: str | None = None) -> Iterator["MlflowClient"]:
    """Give a client of the MLflow server, after checking that it answers.

    Args:
        tracking_uri: The server; by default what ``MLFLOW_TRACKING_URI`` or ``mlflow.set_tracking_uri``
            names.

    Raises:
        InputError: No server is named, or what was asked for is not there.
        ServiceError: The server does not answer within its time (half a minute), or it refuses.
    """
    with _environment(_QUIET):
        import mlflow
        from mlflow.exceptions import MlflowException
        from requests.exceptions import RequestException  # type: ignore[import-untyped]  # ships no types

        uri = tracking_uri or _configured()
        if not uri:
            raise InputError(f"no MLflow server is named: set {TRACKING_URI} or give the tracking URI")
        with _tracking(uri), warnings.catch_warnings():
            # MLflow warns of its own deprecated fields and of environment details that change nothing here
            warnings.filterwarnings("ignore", module=r"mlflow\..*")
            try:
                client = mlflow.MlflowClient(tracking_uri=uri)
                with _environment(_FIRST_PATIENCE):
                    client.search_experiments(max_results=1)
                with _environment(_PATIENCE):
                    yield client
            except MlflowException as error:
                raise _translated(error, uri) from error
            except RequestException as error:  # the artifact store's, which MLflow passes on as they are
                told = without_secrets(f"MLflow at {uri}: {' '.join(str(error).split())[:_MOST]}")
                raise ServiceError(told) from error


def is_absent(error: "MlflowException") -> bool:
    """Tell whether MLflow says that there is no such thing."""
    return error.error_code in _ABSENT


def _translated(error: "MlflowException", uri: str) -> SeatrialError:
    text, uri = without_secrets(" ".join(str(error.message).split())), without_secrets(uri)
    if "failed with exception" in text:
        cause = text.partition("failed with exception")[2]
        reason = next((words for mark, words in _REASONS if mark in cause), cause.strip()[:_MOST])
        return ServiceError(f"MLflow at {uri} does not answer: {reason}")
    if "unsupported URI" in text:
        return InputError(f"MLflow at {uri}: expected an address like http://127.0.0.1:5000, got {uri!r}")
    if error.error_code in _USER:
        return InputError(f"MLflow at {uri}: {text[:_MOST]}")
    return ServiceError(f"MLflow at {uri} refused: {text[:_MOST]}")


_REASONS = (
    ("Connection refused", "connection refused"),
    ("Name or service not known", "the host name is not known"),
    ("Temporary failure in name resolution", "the host name is not known"),
    ("Failed to resolve", "the host name is not known"),
    ("timed out", "timed out"),
    ("Connection aborted", "connection aborted"),
)


def _configured() -> str | None:
    """Give the server that the environment or the program has named; MLflow's default is none of them."""
    import mlflow

    is_set = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]  # MLflow left it untyped
    return mlflow.get_tracking_uri() if is_set else None


@contextmanager
def _tracking(uri: str) -> Iterator[None]:
    """Make ``uri`` MLflow's default for what takes no client, and put back what was there."""
    import mlflow

    environment = os.environ.get(TRACKING_URI)
    previous = _configured()
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        # None unsets it, which MLflow's types do not say; what only the environment had named must not
        # become the program's own choice
        mlflow.set_tracking_uri(None if previous == environment else previous)  # type: ignore[arg-type]
        if environment is None:
            os.environ.pop(TRACKING_URI, None)
        else:
            os.environ[TRACKING_URI] = environment


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set what is not set already, for the block only."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)

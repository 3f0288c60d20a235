"""Start pipelines for versions that wait: one after the other, again where Kubeflow does not answer."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from seatrial.errors import SeatrialError, ServiceError
from seatrial.secrets import without_secrets
from seatrial_pipelines.trigger.backlog import Backlog, Waiting

__all__ = ["MOST_ATTEMPTS", "Launcher"]

#: Attempts before a version is given up; with the pauses between them, about an hour.
MOST_ATTEMPTS = 12

_LONGEST_PAUSE = 600.0
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 5.0

_log = logging.getLogger("seatrial.trigger")


@dataclass
class Launcher:
    """A thread that empties a backlog.

    Attributes:
        backlog: Where the versions wait.
        start: Starts the pipeline for a version and gives the run's address.
        first_pause: Seconds until the second attempt; each further one waits twice as long.
        started: Pipelines started so far.
        given_up: Versions given up so far.
    """

    backlog: Backlog
    start: Callable[[Waiting], str]
    first_pause: float = 2.0
    started: int = 0
    given_up: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name="launcher", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop the thread; an attempt that takes longer than a few seconds is left, and its version waits."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)

    def _work(self) -> None:
        while not self._stop.is_set():
            waiting = self.backlog.due(time.time())
            if waiting is None:
                self._stop.wait(_LOOK_SECONDS)
            else:
                self._attempt(waiting)

    def _attempt(self, waiting: Waiting) -> None:
        try:
            address = self.start(waiting)
        except ServiceError as error:
            if waiting.attempts + 1 >= MOST_ATTEMPTS:
                self._give_up(waiting, error)
                return
            pause = min(self.first_pause * 2**waiting.attempts, _LONGEST_PAUSE)
            self.backlog.postpone(waiting.id, time.time() + pause)
            _log.warning("%s: %s; again in %.0f s", waiting.uri, without_secrets(str(error)), pause)
        except SeatrialError as error:
            self._give_up(waiting, error)
        except Exception as error:  # noqa: BLE001 - the service outlives a fault of one version, and says which
            _log.exception("%s", waiting.uri)
            self._give_up(waiting, error)
        else:
            self.backlog.finish(waiting.id)
            self.started += 1
            _log.info("%s: started %s", waiting.uri, address)

    def _give_up(self, waiting: Waiting, error: Exception) -> None:
        self.backlog.finish(waiting.id)
        self.given_up += 1
        _log.error("%s: given up: %s", waiting.uri, without_secrets(str(error)))

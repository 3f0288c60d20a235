"""Versions that wait for their pipeline, and deliveries that were seen: bounded, and in one sqlite file.

What was accepted is written before MLflow is answered, so a file outlives a restart of the service.
"""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seatrial.errors import InputError

__all__ = ["Backlog", "Waiting"]

Answer = Literal["accepted", "replayed", "known", "full"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    id TEXT PRIMARY KEY, version TEXT NOT NULL UNIQUE, uri TEXT NOT NULL, name TEXT NOT NULL,
    received REAL NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, waits INTEGER NOT NULL DEFAULT 1
)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A model version whose pipeline is to be started.

    Attributes:
        id: The delivery.
        name: Registered model.
        uri: URI of its version.
        attempts: How often it was tried.
    """

    id: str
    name: str
    uri: str
    attempts: int


class Backlog:
    """The queue, safe for several threads.

    Args:
        file: Where it is kept; None for memory.
        most_waiting: Versions that may wait; more are answered with "full".
        most_known: Deliveries that are remembered, those that wait included; more are answered with "full"
            rather than let an old one be replayed.
        remember: Seconds for which a delivery is remembered; longer than it could be replayed.

    Raises:
        InputError: The file is not a backlog, or cannot be written.
    """

    def __init__(
        self, file: Path | None, *, most_waiting: int = 100, most_known: int = 10_000, remember: float = 3600
    ) -> None:
        self.most_waiting, self._most_known, self._remember = most_waiting, most_known, remember
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(
                file or ":memory:", check_same_thread=False, isolation_level=None
            )
            self._database.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise InputError(f"cannot keep the waiting versions in {file}: {error}") from error

    def accept(self, delivery: str, *, version: str, name: str, uri: str, now: float) -> Answer:
        """Take a delivery in.

        Args:
            delivery: Its id.
            version: What tells the model version from all others, recreated ones included.
            name: Registered model.
            uri: URI of its version.
            now: Seconds since 1970.

        Returns:
            ``"accepted"``, ``"replayed"`` (this delivery came before), ``"known"`` (the version did) or
            ``"full"``.
        """
        with self._lock:
            ask = self._database.execute
            if ask("SELECT 1 FROM deliveries WHERE id = ?", (delivery,)).fetchone():
                return "replayed"
            if ask("SELECT 1 FROM deliveries WHERE version = ?", (version,)).fetchone():
                return "known"
            ask("DELETE FROM deliveries WHERE NOT waits AND received < ?", (now - self._remember,))
            waiting, known = ask("SELECT coalesce(sum(waits), 0), count(*) FROM deliveries").fetchone()
            if waiting >= self.most_waiting or known >= self._most_known:
                return "full"
            ask(
                "INSERT INTO deliveries (id, version, uri, name, received, due) VALUES (?, ?, ?, ?, ?, ?)",
                (delivery, version, uri, name, now, now),
            )
            return "accepted"

    def due(self, now: float) -> Waiting | None:
        """Give the version that has waited longest and is due; None where none is."""
        with self._lock:
            row = self._database.execute(
                "SELECT id, name, uri, attempts FROM deliveries "
                "WHERE waits AND due <= ? ORDER BY received LIMIT 1",
                (now,),
            ).fetchone()
        return None if row is None else Waiting(*row)

    def finish(self, delivery: str) -> None:
        """Let a version wait no longer: its pipeline was started, or never will be."""
        with self._lock:
            self._database.execute("UPDATE deliveries SET waits = 0 WHERE id = ?", (delivery,))

    def postpone(self, delivery: str, due: float) -> None:
        """Let a version wait until ``due``, after an attempt that failed."""
        with self._lock:
            self._database.execute(
                "UPDATE deliveries SET due = ?, attempts = attempts + 1 WHERE id = ?", (due, delivery)
            )

    def waiting(self) -> int:
        """Count the versions that wait."""
        with self._lock:
            return int(self._database.execute("SELECT count(*) FROM deliveries WHERE waits").fetchone()[0])

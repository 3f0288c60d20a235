"""What a run does, stage by stage: how long each takes, and who has the processor."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock
from typing import Literal

__all__ = ["Stage", "Stages"]

#: ``read`` and ``decode`` are done by threads; the others by the main thread, one after another.
Stage = Literal["read", "decode", "waiting", "copy", "forward", "write"]


class Stages:
    """Times the stages of a run, and lets the threads that decode rest while the model has the processor.

    A model on the CPU computes on all cores, and its threads wait for each other at the end of every layer:
    a thread that decodes meanwhile takes a core from one of them and makes all of them wait. So decoding and
    the model take turns there, each on all cores; reading never waits. On a GPU nobody waits for anybody.

    Args:
        take_turns: Whether decoding rests while the model computes.
    """

    def __init__(self, *, take_turns: bool = False) -> None:
        self._take_turns = take_turns
        self._free = Event()
        self._free.set()
        self._lock = Lock()
        self._seconds: defaultdict[Stage, float] = defaultdict(float)
        self._start = time.perf_counter()
        self._device_seconds: float | None = None

    @contextmanager
    def of(self, stage: Stage) -> Iterator[None]:
        """Do a part of ``stage``; its time is added to what the stage took."""
        if self._take_turns and stage == "decode":
            self._free.wait()
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            with self._lock:
                self._seconds[stage] += spent

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Compute on the model's device: the stage ``forward``, during which decoding rests on the CPU."""
        self._free.clear()
        try:
            with self.of("forward"):
                yield
        finally:
            self._free.set()

    def add_device_seconds(self, seconds: float) -> None:
        """Count time that a GPU has computed, as its own clock says."""
        self._device_seconds = (self._device_seconds or 0.0) + seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._start

    @property
    def device_seconds(self) -> float | None:
        """Seconds that a GPU has computed; None where there is none."""
        return self._device_seconds

    def seconds(self, stage: Stage) -> float:
        """Seconds that a stage took; of what threads do, the sum over all of them."""
        with self._lock:
            return self._seconds[stage]

    def remark(self) -> str:
        """Say how busy the GPU is, for the progress bar; empty where there is none."""
        if self._device_seconds is None:
            return ""
        return f"GPU {min(self._device_seconds / max(self.elapsed, 1e-9), 1):.0%} busy"

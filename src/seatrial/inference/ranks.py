"""Processes that torchrun started together, one a GPU, on one machine or on several."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from seatrial.errors import InputError, ModelError

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store  # where torch keeps its type

__all__ = ["Ranks", "launch"]

#: How long a process waits for the others; torchrun ends all of them as soon as one fails.
_PATIENCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that torchrun started.

    Attributes:
        rank: Its number among all, from 0.
        local: Its number on this machine, from 0.
        size: How many there are.
    """

    rank: int = 0
    local: int = 0
    size: int = 1

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Ranks":
        """Read what torchrun tells its processes; one alone where it started none.

        Args:
            environment: Variables to read; by default this process's.

        Raises:
            InputError: ``RANK``, ``LOCAL_RANK`` or ``WORLD_SIZE`` is no number, or they do not fit together.
        """
        given = os.environ if environment is None else environment
        if "WORLD_SIZE" not in given or "RANK" not in given:
            return cls()
        names = ("RANK", "LOCAL_RANK", "WORLD_SIZE")
        told = {name: given.get(name, "0") for name in names}
        if not all(value.isdecimal() for value in told.values()):
            raise InputError(f"expected numbers in {', '.join(names)}, got {told}")
        rank, local, size = (int(value) for value in told.values())
        if rank >= size:
            raise InputError(f"expected a RANK below WORLD_SIZE {size}, got {rank}")
        return cls(rank, local, size)

    def device(self, name: str) -> str:
        """Choose this process's device: a GPU of its own where ``name`` leaves it open.

        Args:
            name: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        """
        if self.size == 1 or name not in {"auto", "cuda"}:
            return name
        import torch

        return f"cuda:{self.local}" if name == "cuda" or torch.cuda.is_available() else "cpu"

    def meet(self, where: str) -> None:
        """Wait until every process has come to the same place.

        Args:
            where: The place's name; each is met at once.
        """
        if self.size == 1:
            return
        store, place = _store(), f"seatrial/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}/{where}"
        store.set(f"{place}/{self.rank}", "here")
        store.wait([f"{place}/{rank}" for rank in range(self.size)], _PATIENCE)


@cache
def _store() -> "Store":
    from torch.distributed.rendezvous import rendezvous

    store: Store = next(iter(rendezvous("env://", timeout=_PATIENCE)))[0]
    return store


def launch(processes: int, arguments: Sequence[str]) -> None:
    """Run ``seatrial`` in several processes of this machine by torchrun, and wait for them.

    Args:
        processes: How many; 0: one for each GPU.
        arguments: What ``seatrial`` is started with.

    Raises:
        InputError: There is no GPU to count.
        ModelError: One of them failed; what it said is on standard error.
    """
    if processes == 0:
        import torch

        processes = torch.cuda.device_count()
        if processes == 0:
            raise InputError("processes: 0 means one for each GPU, and there is none here")
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    command = [*torchrun, f"--nproc-per-node={processes}", "-m", "seatrial", *arguments]
    environment = {"OMP_NUM_THREADS": "1", **os.environ}  # or else torchrun sets it, with a warning
    done = subprocess.run(command, check=False, env=environment)  # noqa: S603 - this very program, no shell
    if done.returncode:
        raise ModelError(f"one of {processes} processes failed; its reason is above")

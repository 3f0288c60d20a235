"""The device and the precision of the forward pass."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from seatrial.errors import InputError
from seatrial.inference.options import Precision

__all__ = [
    "available_cores",
    "choose_device",
    "choose_precision",
    "default_batch_size",
    "default_workers",
    "describe_device",
    "is_out_of_memory",
    "reproducible",
]

_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|failed to allocate memory", re.IGNORECASE
)


def available_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` into a device.

    Raises:
        InputError: The name is none of these, or there is no such GPU.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if not re.fullmatch(r"cuda(:\d+)?", name):
        raise InputError(f"device {name!r}: expected auto, cpu, cuda or cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(name.partition(":")[2] or 0)
    if index >= count:
        raise InputError(
            f"device {name!r}: expected one of {count} CUDA devices here; --device cpu runs without one"
        )
    return torch.device(name)


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """Choose the type in which the forward pass computes.

    Raises:
        InputError: Half precision is asked for without a GPU.
    """
    if device.type != "cuda":
        if precision in {"auto", "float32"}:
            return torch.float32
        raise InputError(
            f"precision {precision!r} needs a GPU, got device {device.type!r}: use float32 or auto"
        )
    if precision == "auto":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    return dtypes[precision]


def default_batch_size(device: torch.device) -> int:
    """Choose a batch size to begin with: large on a GPU, where it backs off if memory is short."""
    return 256 if device.type == "cuda" else 32


def default_workers() -> int:
    """Choose how many threads decode: all cores; a model on the processor takes turns with them."""
    return min(available_cores(), 16)


def describe_device(device: torch.device) -> str:
    """Name what decides the last bits of a result: the GPU's model, or the CPU's instructions and cores."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}, {available_cores()} cores"


def is_out_of_memory(error: BaseException) -> bool:
    """Tell an exhausted device, or an exhausted machine, from every other failure."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Compute the same numbers in every run: fixed algorithms, no TF32, a fixed number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(before)

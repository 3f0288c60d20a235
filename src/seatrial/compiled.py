"""Compilation of kernels to machine code, kept between processes where a folder for it can be written."""

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["compiled", "in_threads", "threads"]

_Function = TypeVar("_Function", bound=Callable[..., object])
_Task = TypeVar("_Task")


def compiled(function: _Function) -> _Function:
    """Compile a function on its first call for each combination of argument types.

    Floating-point arithmetic stays as written (neither reordered nor fused), so that a result does not depend
    on the machine; a division by zero gives infinity or NaN; the interpreter's lock is released. The machine
    code is kept beside the source or in the user's cache folder; where neither can be written, as in a
    container with a read-only root, every process compiles for itself.
    """
    from numba import njit

    try:
        kept: _Function = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder to keep it in
        kept = njit(nogil=True, error_model="numpy")(function)
    return kept


def threads() -> int:
    """Count the threads that kernels may take: ``NUMBA_NUM_THREADS``, or else the cores of this process."""
    from numba import config

    return int(config.NUMBA_NUM_THREADS)


def in_threads(work: Callable[[_Task], object], tasks: Sequence[_Task]) -> None:
    """Do independent tasks, which write to places of their own, in as many threads as kernels may take."""
    from concurrent.futures import ThreadPoolExecutor

    most = min(threads(), len(tasks))
    if most <= 1:
        for task in tasks:
            work(task)
        return
    with ThreadPoolExecutor(most) as pool:
        for done in [pool.submit(work, task) for task in tasks]:
            done.result()

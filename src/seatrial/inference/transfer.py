"""Copies between host and device; with a GPU beside what it computes, and timed by its own clock."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["GpuClock", "Transfer"]

_MILLISECONDS = 1e3


class GpuClock:
    """Marks in a GPU's queue: where a batch begins, where it is computed, where its results have arrived."""

    def __init__(self, device: torch.device) -> None:
        self._queue = torch.cuda.current_stream(device)
        # torch gives these constructors no types
        self._begun = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        self._computed = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._begun.record(self._queue)

    def computed(self) -> None:
        """Mark the end of what is computed."""
        self._computed.record(self._queue)

    def arriving(self) -> None:
        """Mark the end of the copies to the host, which may be read after :meth:`wait`."""
        self._arrived.record(self._queue)

    def wait(self) -> None:
        """Wait until the results have arrived; not for what was queued after them."""
        self._arrived.synchronize()

    @property
    def seconds(self) -> float:
        """How long the GPU computed, known after :meth:`wait`."""
        return float(self._begun.elapsed_time(self._computed)) / _MILLISECONDS


class Transfer:
    """Copies between host and one device.

    With a GPU, pixels go through pinned memory on a queue of their own, so that the copy of a batch runs
    while the batch before is computed; results come back into pinned memory without a wait.

    Args:
        device: The device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._queue: Any = None
        if device.type == "cuda":
            self._queue = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch gives no types

    def clock(self) -> GpuClock | None:
        """Begin a batch; None where there is no GPU."""
        return None if self._queue is None else GpuClock(self._device)

    def to_device(self, pixels: Sequence[NDArray[np.uint8] | Tensor], count: int) -> Tensor:
        """Stack images of one size and bring them to the device.

        Args:
            pixels: Shape (height, width, 3) each, uint8; tensors are on the device already.
            count: Images to make of them; the last one is repeated.

        Returns:
            Shape (count, height, width, 3), uint8.
        """
        filled = [*pixels, *[pixels[-1]] * (count - len(pixels))]
        there = [one for one in filled if isinstance(one, Tensor)]
        if there:
            stacked = torch.stack(there)
            if self._queue is not None:
                for one in there:  # made on another queue, which may not use their memory again before that
                    one.record_stream(torch.cuda.current_stream(self._device))
            return stacked
        stacked = torch.empty(
            (count, *filled[0].shape), dtype=torch.uint8, pin_memory=self._queue is not None
        )
        np.stack(filled, out=stacked.numpy())
        if self._queue is None:
            return stacked.to(self._device)
        computing = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._queue):
            moved = stacked.to(self._device, non_blocking=True)
        computing.wait_stream(self._queue)
        moved.record_stream(computing)  # its memory is not given away while the batch is computed
        return moved

    def to_host(self, value: Any) -> Any:
        """Begin to bring tensors, also those in lists and tuples, to the host; other things stay."""
        if self._queue is None:
            return value
        if isinstance(value, Tensor):
            pinned = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
            return pinned.copy_(value, non_blocking=True)
        if isinstance(value, list | tuple):
            return type(value)(self.to_host(one) for one in value)
        return value

"""Have an adapter read an output; whatever goes wrong names the adapter and the images."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from seatrial.errors import ModelError, SeatrialError, examples
from seatrial.inference.adapters.adapter import Inputs
from seatrial.inference.device import is_out_of_memory
from seatrial.inference.network import described

__all__ = ["reading"]

T = TypeVar("T")


def reading(
    name: str, read: Callable[[Any, Inputs], T], output: Any, inputs: Inputs, ids: Sequence[str]
) -> T:
    """Call an adapter.

    Args:
        name: The adapter's name.
        read: Its method.
        output: As the model returned it.
        inputs: What the model was given.
        ids: Ids of the images, for the message.

    Raises:
        ModelError: The adapter cannot read the output; names adapter, output and images.
        RuntimeError, MemoryError: The memory does not suffice.
    """
    try:
        return read(output, inputs)
    except SeatrialError as error:
        raise ModelError(f"adapter {name!r}: {error} (images {examples(ids)})") from error
    except Exception as error:  # an adapter of the user's own may raise anything
        if is_out_of_memory(error):
            raise
        reason = " ".join(str(error).split())
        raise ModelError(
            f"adapter {name!r} failed with {type(error).__name__}: {reason}; the model returned "
            f"{described(output)} (images {examples(ids)})"
        ) from error

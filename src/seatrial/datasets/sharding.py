"""Parts of a data set, as users write them: ``I/N``."""

from seatrial.errors import InputError

__all__ = ["parse_shard", "shard_texts"]


def parse_shard(text: str, where: str = "shard") -> tuple[int, int]:
    """Read ``I/N``: part I (from 0) of N.

    Args:
        text: E.g. ``"0/4"``.
        where: What messages call it.

    Raises:
        InputError: It does not read so.
    """
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and int(count) > 0):
        raise InputError(f"{where}: expected I/N, e.g. 0/4, got {text!r}")
    return int(index), int(count)


def shard_texts(size: int, count: int) -> list[str]:
    """Name the parts of a data set, as many as are asked for but none that would be empty.

    Args:
        size: Images in the data set, at least 1.
        count: Parts that are wanted.

    Raises:
        InputError: ``count`` is below 1.
    """
    if count < 1:
        raise InputError(f"shards: expected at least 1, got {count}")
    parts = min(count, size)
    return [f"{index}/{parts}" for index in range(parts)]

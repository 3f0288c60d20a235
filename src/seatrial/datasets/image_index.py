"""Which image a name in another file means: its id, its path without suffix, or its number in COCO."""

from collections.abc import Sequence
from pathlib import PurePosixPath

__all__ = ["ImageIndex"]


class ImageIndex:
    """Finds images by any of the names that files use for them.

    A name is tried as the id, as the id without suffix, as the file's name without folders (with and
    without suffix), and then as another name where such were given, else as the number that the file's name
    is, leading zeros dropped. The first way in which it means exactly one image counts.

    Args:
        ids: Ids of the images.
        others: Another name of each, e.g. COCO's ``image_id``; None where there is none.
    """

    def __init__(self, ids: Sequence[str], others: Sequence[object] | None = None) -> None:
        self._ways: list[dict[str, int | None]] = []
        for name in (str, _without_suffix, _file_name, _stem):
            self._ways.append(_unique([name(one) for one in ids]))
        if others is not None:
            # what the data set says itself comes before what is read out of a file's name
            self._ways.insert(1, _unique([None if one is None else str(one) for one in others]))
        else:
            self._ways.append(_unique([_number(one) for one in ids]))

    def find(self, name: object) -> int | None:
        """Give the row of the image that is meant; None where there is none, or more than one."""
        text = str(name)
        for way in self._ways:
            if (row := way.get(text)) is not None:
                return row
        return None


def _unique(names: Sequence[str | None]) -> dict[str, int | None]:
    rows: dict[str, int | None] = {}
    for row, name in enumerate(names):
        if name is not None:
            rows[name] = None if name in rows else row
    return rows


def _without_suffix(one: str) -> str:
    return PurePosixPath(one).with_suffix("").as_posix()


def _file_name(one: str) -> str:
    return PurePosixPath(one).name


def _stem(one: str) -> str:
    return PurePosixPath(one).stem


def _number(one: str) -> str | None:
    # COCO's files are called by their number: 000000002299.jpg and COCO_val2014_000000002299.jpg are 2299
    stem = PurePosixPath(one).stem
    digits = stem.removeprefix("COCO_").rpartition("_")[2] if stem.startswith("COCO_") else stem
    return str(int(digits)) if digits.isascii() and digits.isdecimal() else None

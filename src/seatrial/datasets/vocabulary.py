"""Class names: how labels in files become classes in a fixed order."""

import re
from collections.abc import Iterable
from pathlib import Path

from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError
from seatrial.files import read_text

__all__ = ["class_names", "label_text"]

_RANGE = re.compile(r"(\d+)\.\.(\d+)")


def label_text(value: object) -> str | None:
    """Write a label from a table as a class name: ``3`` and ``3.0`` are ``"3"``; missing is None."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text or None


def class_names(spec: DatasetSpec, labels: Iterable[str | None]) -> tuple[str, ...]:
    """Fix the classes and their order.

    The option ``classes`` of the data set's specification names them: ``cat,dog``, a range of numbers as
    ``0..999``, or a text file with one name a line as ``@names.txt``. Without it they are the labels
    found, sorted: whole numbers by value, otherwise by code point.

    Raises:
        InputError: The file of names cannot be read, or there is no label at all.
    """
    given = spec.options.get("classes")
    if given is not None:
        return _given(given)
    found = {label for label in labels if label is not None}
    if not found:
        raise InputError(
            f"data set {spec}: no image has a label; name the classes with ?classes=a,b or ?classes=@file"
        )
    if all(name.lstrip("-").isdecimal() for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def _given(text: str) -> tuple[str, ...]:
    if text.startswith("@"):
        names = [line.strip() for line in read_text(Path(text[1:]), "class names from").splitlines()]
    elif span := _RANGE.fullmatch(text):
        names = [str(number) for number in range(int(span[1]), int(span[2]) + 1)]
    else:
        names = [name.strip() for name in text.split(",")]
    kept = tuple(name for name in names if name)
    if not kept or len(set(kept)) != len(kept):
        raise InputError(f"classes {text!r}: expected at least one name, each once, got {list(kept)}")
    return kept

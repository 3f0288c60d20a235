"""Slices out of a file: a policy, or what find-blind-spots proposes."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from seatrial.errors import InputError
from seatrial.files import read_text
from seatrial.slices.spec import SliceSpec
from seatrial.validation import faults

__all__ = ["read_slices"]


def read_slices(path: Path) -> dict[str, SliceSpec]:
    """Read the slices of a YAML file, by name.

    Args:
        path: A file with a mapping ``slices``; what else is in it, as in a policy, does not matter here.

    Raises:
        InputError: The file cannot be read, has no slices, or one is not valid.
    """
    try:
        content: Any = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    listed = content.get("slices") if isinstance(content, dict) else None
    if not isinstance(listed, dict) or not listed:
        raise InputError(f"{path}: expected a mapping 'slices' of names to slices")
    found = {}
    for name, fields in listed.items():
        try:
            found[str(name)] = SliceSpec.model_validate(fields)
        except ValidationError as error:
            raise InputError(f"{path}, slice {name!r}: {faults(error, SliceSpec)}") from error
    return found

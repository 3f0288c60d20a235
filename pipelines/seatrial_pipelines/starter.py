"""The files that ``seatrial init`` writes: a configuration and a policy to start from."""

from importlib.resources import files
from pathlib import Path

from seatrial.files import write_text

__all__ = ["write_starter"]

_FILES = ("seatrial.yaml", "policy.yaml")


def write_starter(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write the starter files into a folder; files that are there stay as they are.

    Returns:
        The files that were written, and those that were there already.

    Raises:
        InputError: The folder cannot be written to.
    """
    kept = [folder / name for name in _FILES if (folder / name).exists()]
    written = [folder / name for name in _FILES if folder / name not in kept]
    for path in written:
        template = files("seatrial_pipelines").joinpath("templates", path.name)
        write_text(path, template.read_text(encoding="utf-8"))
    return written, kept

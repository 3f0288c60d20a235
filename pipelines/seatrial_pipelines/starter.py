"""The files that ``seatrial init`` writes: a configuration and a policy to start from."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from seatrial.datasets import Task
from seatrial.files import write_text

__all__ = ["TASKS", "write_starter"]

_FILES = ("seatrial.yaml", "policy.yaml")

#: What each task writes in place of a classifier's metric and data set.
TASKS: Mapping[Task, tuple[str, str]] = {
    "classification": ("accuracy", "images:data/val"),
    "detection": ("map_50", "coco:data/instances_val.json?images=val"),
    "segmentation": ("miou", "masks:data/val?classes=@names.txt"),
}


def write_starter(folder: Path, task: Task = "classification") -> tuple[list[Path], list[Path]]:
    """Write the starter files into a folder; files that are there stay as they are.

    Args:
        folder: The folder; it is made where it is not there.
        task: The task whose metric and kind of data set they name.

    Returns:
        The files that were written, and those that were there already.

    Raises:
        InputError: The folder cannot be written to.
    """
    kept = [folder / name for name in _FILES if (folder / name).exists()]
    written = [folder / name for name in _FILES if folder / name not in kept]
    for path in written:
        template = files("seatrial_pipelines").joinpath("templates", path.name)
        text = template.read_text(encoding="utf-8")
        for own, other in zip(TASKS["classification"], TASKS[task], strict=True):
            text = text.replace(own, other)
        write_text(path, text)
    return written, kept

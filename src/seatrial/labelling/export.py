"""Write a labelling queue in the formats of labelling tools."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seatrial.errors import InputError
from seatrial.labelling.coco import write_coco
from seatrial.labelling.csv_file import write_csv
from seatrial.labelling.cvat import write_cvat
from seatrial.labelling.label_studio import write_label_studio
from seatrial.labelling.places import common_root
from seatrial.labelling.queue import LabellingQueue

__all__ = ["EXPORT_FILES", "FORMATS", "check_formats", "export"]


def _csv(queue: LabellingQueue, folder: Path, _: str) -> tuple[str, ...]:
    return (write_csv(queue.rows(), folder),)


_WRITERS: Mapping[str, Callable[[LabellingQueue, Path, str], tuple[str, ...]]] = {
    "csv": _csv,
    "coco": write_coco,
    "label-studio": write_label_studio,
    "cvat": write_cvat,
}

#: The formats that a queue can be exported in.
FORMATS: tuple[str, ...] = tuple(_WRITERS)

#: Patterns of the files' names, for steps that replace an earlier result.
EXPORT_FILES = ("labelling_queue.*", "labelling_coco.json", "label_studio*", "cvat*")


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Give formats without repetition, in our order; each may be several, joined by commas.

    Raises:
        InputError: One of them is none.
    """
    asked = [one.strip() for text in formats for one in text.split(",")]
    unknown = [one for one in asked if one not in _WRITERS]
    if unknown:
        raise InputError(f"{unknown[0]!r} is not an export format: expected one of {', '.join(FORMATS)}")
    return tuple(one for one in FORMATS if one in asked)


def export(
    queue: LabellingQueue,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    *,
    root: str | None = None,
) -> tuple[str, ...]:
    """Write a queue in the formats of labelling tools.

    ``csv``: ``labelling_queue.csv``, for people and for the reader ``table:``. ``coco``:
    ``labelling_coco.json``, images, categories, proposed boxes and masks, the reason with each image.
    ``label-studio``: ``label_studio.json``, tasks with predictions (choices, rectangles, brush strokes), and
    ``label_studio_config.xml``, the project's labelling interface. ``cvat``: ``cvat.xml``, annotations as of
    "CVAT for images 1.1" (tags, boxes, masks), and ``cvat_labels.json``, the task's labels.

    The same queue gives the same bytes.

    Args:
        queue: What to label.
        folder: Folder that exists, an atomic one say.
        formats: Some of :data:`FORMATS`.
        root: The folder that the labelling tool sees: local paths in COCO, Label Studio and CVAT files are
            written relative to it, URIs (``s3://…``) as they are; by default the deepest folder that holds
            all local images.

    Returns:
        The files' names.

    Raises:
        InputError: A format is none.
    """
    place = common_root(queue.table.column("uri").to_pylist()) if root is None else root
    return tuple(name for one in check_formats(formats) for name in _WRITERS[one](queue, folder, place))

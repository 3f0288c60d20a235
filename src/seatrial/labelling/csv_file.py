"""A labelling queue as a table for people and for the reader ``table:``."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seatrial.labelling.places import relative_to_folder

__all__ = ["write_csv"]

_COLUMNS = (
    *("rank", "image", "id", "width", "height", "priority", "reason", "group", "label"),
    *("suggested_label", "boxes"),
)


def write_csv(rows: Sequence[Mapping[str, Any]], folder: Path) -> str:
    """Write ``labelling_queue.csv``; ``table:labelling_queue.csv?id=id&group=group`` reads it.

    Local paths are written relative to the folder, URIs as they are. ``boxes`` holds JSON.

    Args:
        rows: The rows of a queue.
        folder: Folder that exists.

    Returns:
        The file's name.
    """
    name = "labelling_queue.csv"
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            image = None if row["uri"] is None else relative_to_folder(row["uri"], folder)
            boxes = json.dumps([_plain(box) for box in row["boxes"]], ensure_ascii=False)
            writer.writerow({**row, "image": image, "boxes": boxes if row["boxes"] else None})
    return name


def _plain(box: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in box.items() if value is not None}
    return known | ({"mask": box["mask"].decode("ascii")} if box["mask"] is not None else {})

"""The next batch to label: what ``mine_edge_cases`` chose, why, and as text to copy."""

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial.labelling import LabellingQueue
from seatrial.reporting.display import count, exact, plain
from seatrial.reporting.overlays import Mark
from seatrial.reporting.thumbnails import thumbnail

__all__ = ["BatchItem", "BatchView", "FoundBatch", "batch_view"]

#: Images of the batch that are listed, and those of them that are seen without unfolding.
_LISTED, _OPEN = 100, 12
#: Images of the batch that are written as text to copy.
_COPIED = 1_000
_SIDE, _QUALITY = 96, 68
#: What a file of the batch is needed for each.
_NEEDED = ("evaluation", "pool", "groups", "chosen", "left_out", "remarks")
_COLUMNS = ("rank", "id", "group", "suggested_label", "reason")


@dataclass(frozen=True)
class FoundBatch:
    """What ``mine_edge_cases`` wrote because of one evaluation.

    Attributes:
        queue: The images to label, the first first.
        report: The content of ``mining.json``.
    """

    queue: LabellingQueue
    report: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "FoundBatch":
        """Read what the step wrote.

        Raises:
            InputError: The folder is none, or incomplete.
        """
        path = folder / "mining.json"
        report = read_json(path, "mine-edge-cases writes it")
        missing = [key for key in _NEEDED if not isinstance(report, dict) or key not in report]
        if missing:
            raise InputError(f"{path}: expected the key {missing[0]!r}, there is none")
        return cls(LabellingQueue.read(folder), report)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One image to label, ready to be written; ``source`` is None where there is no picture."""

    rank: str
    id: str
    group: str
    reason: str
    suggested: str
    source: str | None


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch, ready to be written.

    Attributes:
        lead: What was chosen from what.
        remarks: What else the search says.
        groups: Each group of failures: its name, how many failures, how many images were chosen for it.
        open: The first images.
        folded: More of them.
        hidden: How many are in neither; empty for none.
        left_out: Why images were not chosen, and how many.
        ids: Ids, a line each, to copy.
        table: The same with reasons as CSV, to copy.
        uncopied: What is not in the texts and why; empty where everything is.
        size: Bytes of all pictures as written in the page.
    """

    lead: str
    remarks: tuple[str, ...]
    groups: tuple[tuple[str, str, str], ...]
    open: tuple[BatchItem, ...]
    folded: tuple[BatchItem, ...]
    hidden: str
    left_out: tuple[tuple[str, str], ...]
    ids: str
    table: str
    uncopied: str
    size: int


def batch_view(batch: FoundBatch, *, pictures: int, room: int) -> BatchView:
    """Describe a batch.

    Args:
        batch: The batch.
        pictures: Most pictures.
        room: Most bytes of all pictures together, as written in the page.
    """
    rows, report = batch.queue.rows(), batch.report
    items, used = [], 0
    for place, row in enumerate(rows[:_LISTED]):
        source = _picture(row) if place < pictures and used < room else None
        if source is not None and used + len(source) > room:
            source = None
        used += len(source or "")
        items.append(_item(row, source))
    copied = [row for row in rows if exact(row["id"])][:_COPIED]
    pool = report["pool"]
    return BatchView(
        f"{count(len(rows))} of {count(pool.get('images', 0))} images of ‘{plain(pool.get('dataset', ''))}’, "
        "because they are like what the candidate fails on and unlike what it gets right.",
        tuple(plain(one, 400) for one in report["remarks"]),
        tuple((plain(one["name"]), count(one["failures"]), count(one["chosen"])) for one in report["groups"]),
        tuple(items[:_OPEN]),
        tuple(items[_OPEN:]),
        count(len(rows) - len(items)) if len(rows) > len(items) else "",
        tuple((plain(reason), count(number)) for reason, number in report["left_out"].items()),
        "\n".join(row["id"] for row in copied),
        _csv(copied),
        _uncopied(len(rows), len(copied)),
        used,
    )


def _item(row: Mapping[str, Any], source: str | None) -> BatchItem:
    boxes = len(row["boxes"] or ())
    proposed = f"{count(boxes)} {'box' if boxes == 1 else 'boxes'}" if boxes else ""
    return BatchItem(
        count(row["rank"]),
        plain(row["id"], 120),
        plain(row["group"] or "", 120),
        plain(row["reason"], 400),
        plain(row["suggested_label"], 60) if row["suggested_label"] is not None else proposed,
        source,
    )


def _picture(row: Mapping[str, Any]) -> str | None:
    """Draw an image with the boxes that are proposed; None where it cannot be read."""
    sides = ("x", "y", "width", "height")
    marks = [Mark("found", tuple(one[side] for side in sides)) for one in row["boxes"] or ()]
    made = None if row["uri"] is None else thumbnail(row["uri"], marks, side=_SIDE, quality=_QUALITY)
    return None if made is None else "data:image/jpeg;base64," + base64.b64encode(made.jpeg).decode("ascii")


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow([row["rank"], row["id"], *(plain(row[name] or "", 400) for name in _COLUMNS[2:])])
    return stream.getvalue()


def _uncopied(total: int, copied: int) -> str:
    if copied == total:
        return ""
    return (
        f"{count(copied)} of {count(total)} images are in these texts, the first of those whose ids can be "
        "written as they are; labelling_queue.csv holds all."
    )

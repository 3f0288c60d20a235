"""What people should look at next, in order, with what is suggested to them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.datasets import DatasetManifest, Task
from seatrial.errors import InputError, examples
from seatrial.images import UnreadableImageError, read_bytes, upright_size
from seatrial.labelling.csv_file import write_csv

__all__ = ["QUEUE_SCHEMA", "LabellingQueue", "QueueItem", "SuggestedBox"]

#: An object as it is proposed. Boxes are in pixels of the image as decoded (EXIF applied), ``x`` and ``y``
#: being the upper left corner; ``score`` is in [0, 1], null where nobody is sure how sure one is; ``mask`` is
#: COCO's compressed run-length encoding of the whole image's size, null where there is only a box.
_BOX = pa.struct(
    [
        ("class", pa.string()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("width", pa.float64()),
        ("height", pa.float64()),
        ("score", pa.float64()),
        ("mask", pa.binary()),
    ]
)

#: One row an image, in the order of ``rank``.
QUEUE_SCHEMA = pa.schema(
    [
        ("rank", pa.int64()),
        ("id", pa.string()),
        ("uri", pa.string()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("priority", pa.float64()),
        ("reason", pa.string()),
        ("group", pa.string()),
        ("label", pa.string()),
        ("suggested_label", pa.string()),
        ("boxes", pa.list_(_BOX)),
    ]
)

_PARQUET = "labelling_queue.parquet"
_HEADER = b"seatrial.labelling"


@dataclass(frozen=True, slots=True)
class SuggestedBox:
    """An object that is proposed to whoever labels.

    Attributes:
        label: Its class.
        x: Left edge, pixels.
        y: Upper edge, pixels.
        width: Pixels.
        height: Pixels.
        score: How sure the proposal is, in [0, 1]; None where that is not known.
        mask: COCO's compressed run-length encoding of the whole image's size; None where there is only a box.
    """

    label: str
    x: float
    y: float
    width: float
    height: float
    score: float | None = None
    mask: bytes | None = None


@dataclass(frozen=True, slots=True)
class QueueItem:
    """An image that somebody should look at.

    Attributes:
        id: Its id in the data set.
        priority: How much it matters, in the unit of whoever asks; higher matters more.
        reason: Why, one sentence.
        group: What it has in common with others: a check, a cluster of failures; None where nothing.
        suggested_label: Class that is proposed (classification); None where none is.
        boxes: Objects or, for a segmentation, masks of classes that are proposed.
    """

    id: str
    priority: float
    reason: str
    group: str | None = None
    suggested_label: str | None = None
    boxes: tuple[SuggestedBox, ...] = ()


@dataclass(frozen=True)
class LabellingQueue:
    """Images to label or to label again, the first first.

    Attributes:
        name: What people call it; the name of the data set, say.
        task: What is labelled.
        classes: What may be said, in the data set's order.
        table: One row an image, see :data:`QUEUE_SCHEMA`: ``rank`` from 1; ``width`` and ``height`` null
            where the image cannot be read; ``label`` what a classification's data set says today.
    """

    name: str
    task: Task
    classes: tuple[str, ...]
    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @classmethod
    def of(cls, manifest: DatasetManifest, items: Sequence[QueueItem]) -> "LabellingQueue":
        """Make a queue of images of a data set, in the order given.

        Sizes that the data set does not know are read from the images' headers.

        Args:
            manifest: Where the images are from.
            items: The images, the first first, each once.

        Raises:
            InputError: An id is not in the data set or is there twice, or a suggestion is none of its
                classes.
        """
        rows = {one: row for row, one in enumerate(manifest.table.column("id").to_pylist())}
        _check_items(manifest, items, rows)
        columns = {name: _column(manifest, name) for name in ("uri", "width", "height", "label")}
        made = []
        for rank, item in enumerate(items, start=1):
            uri, width, height, label = (column[rows[item.id]] for column in columns.values())
            width, height = _size(uri, width, height)
            made.append(
                {
                    "rank": rank,
                    "id": item.id,
                    "uri": uri,
                    "width": width,
                    "height": height,
                    "priority": float(item.priority),
                    "reason": item.reason,
                    "group": item.group,
                    "label": label,
                    "suggested_label": item.suggested_label,
                    "boxes": [_plain(box) for box in item.boxes],
                }
            )
        table = pa.Table.from_pylist(made, schema=QUEUE_SCHEMA)
        return cls(manifest.name, manifest.task, manifest.classes, table)

    def rows(self) -> list[dict[str, Any]]:
        """Give the rows as mappings, the first first."""
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found

    def write(self, folder: Path) -> None:
        """Write ``labelling_queue.parquet`` and ``labelling_queue.csv``.

        The same queue gives the same bytes.

        Args:
            folder: Folder that exists, an atomic one say.
        """
        header = {"name": self.name, "task": self.task, "classes": list(self.classes)}
        text = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
        pq.write_table(self.table.replace_schema_metadata({_HEADER: text}), folder / _PARQUET)
        write_csv(self.rows(), folder)

    @classmethod
    def read(cls, folder: Path) -> "LabellingQueue":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: There is no queue, or it is not one that Seatrial wrote.
        """
        path = folder / _PARQUET
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"cannot read {path}: {error}") from error
        header = (table.schema.metadata or {}).get(_HEADER)
        if header is None or table.schema.names != QUEUE_SCHEMA.names:
            raise InputError(
                f"{path}: expected a labelling queue with the columns {', '.join(QUEUE_SCHEMA.names)}, "
                f"got {', '.join(table.schema.names)}"
            )
        said = json.loads(header)
        return cls(said["name"], said["task"], tuple(said["classes"]), table.replace_schema_metadata(None))


def _check_items(manifest: DatasetManifest, items: Sequence[QueueItem], rows: Mapping[str, int]) -> None:
    unknown = [item.id for item in items if item.id not in rows]
    if unknown:
        raise InputError(f"data set {manifest.name!r} has no samples {examples(unknown)} to be labelled")
    twice = [one for one, times in Counter(item.id for item in items).items() if times > 1]
    if twice:
        raise InputError(
            f"labelling queue of {manifest.name!r}: expected each sample once, got {examples(twice)}"
        )
    said = {item.suggested_label for item in items} | {box.label for item in items for box in item.boxes}
    odd = sorted(said - {None} - set(manifest.classes), key=str)
    if odd:
        raise InputError(
            f"data set {manifest.name!r}: expected suggestions of the classes {examples(manifest.classes)}, "
            f"got {examples(odd)}"
        )


def _column(manifest: DatasetManifest, name: str) -> list[Any]:
    if name not in manifest.table.column_names:
        return [None] * len(manifest)
    values: list[Any] = manifest.table.column(name).to_pylist()
    return values


def _size(uri: str | None, width: Any, height: Any) -> tuple[int | None, int | None]:
    if all(isinstance(one, int | float) and one > 0 for one in (width, height)):
        return int(width), int(height)
    if uri is None:
        return None, None
    try:
        return upright_size(read_bytes(uri))
    except UnreadableImageError:
        return None, None


def _plain(box: SuggestedBox) -> dict[str, Any]:
    return {
        "class": box.label,
        "x": float(box.x),
        "y": float(box.y),
        "width": float(box.width),
        "height": float(box.height),
        "score": box.score,
        "mask": box.mask,
    }

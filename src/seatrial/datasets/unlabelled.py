"""Pools of images that nobody has labelled, for whatever task."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from seatrial.datasets.manifest import DatasetManifest, Task
from seatrial.datasets.objects import OBJECT_SCHEMA

__all__ = ["is_unlabelled", "unlabelled"]

_TRUTH = ("label", "mask", "mask_content", "annotated")


def is_unlabelled(manifest: DatasetManifest) -> bool:
    """Tell whether not one image of a data set carries a truth."""
    return not manifest.annotated.any()


def unlabelled(
    manifest: DatasetManifest, task: Task, classes: Sequence[str] | None = None
) -> DatasetManifest:
    """Take a data set for a pool of a task: the same images, without any truth.

    Args:
        manifest: The data set.
        task: What its images will be labelled for.
        classes: What may be said of them; None keeps the data set's.
    """
    n = len(manifest)
    truth = {
        "classification": {"label": pa.nulls(n, pa.string())},
        "detection": {"annotated": pa.array([False] * n)},
        "segmentation": {"mask": pa.nulls(n, pa.string()), "mask_content": pa.nulls(n, pa.string())},
    }[task]
    table = manifest.table.drop_columns([name for name in _TRUTH if name in manifest.table.column_names])
    for name, column in truth.items():
        table = table.append_column(name, column)
    return replace(
        manifest,
        task=task,
        classes=manifest.classes if classes is None else tuple(classes),
        table=table,
        objects=OBJECT_SCHEMA.empty_table() if task == "detection" else None,
        void=manifest.void if task == "segmentation" else None,
        foreground=manifest.foreground and task == "segmentation",
    )

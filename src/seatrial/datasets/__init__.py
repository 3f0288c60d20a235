"""Data sets: manifests and the readers that make them."""

from seatrial.datasets.manifest import RESERVED, DatasetManifest, Task
from seatrial.datasets.objects import OBJECT_COLUMNS, OBJECT_SCHEMA, object_attributes
from seatrial.datasets.read import check_task, read_dataset
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.unlabelled import is_unlabelled, unlabelled

__all__ = [
    "OBJECT_COLUMNS",
    "OBJECT_SCHEMA",
    "RESERVED",
    "DatasetManifest",
    "DatasetSpec",
    "Task",
    "check_task",
    "is_unlabelled",
    "object_attributes",
    "read_dataset",
    "unlabelled",
]

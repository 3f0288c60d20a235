"""Data sets: manifests and the readers that make them."""

from seatrial.datasets.manifest import RESERVED, DatasetManifest, Task
from seatrial.datasets.read import read_dataset
from seatrial.datasets.spec import DatasetSpec

__all__ = ["RESERVED", "DatasetManifest", "DatasetSpec", "Task", "read_dataset"]

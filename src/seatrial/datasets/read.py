"""Read any data set by its specification."""

from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.spec import DatasetSpec
from seatrial.extensions import load_extension

__all__ = ["read_dataset"]


def read_dataset(spec: str | DatasetSpec) -> DatasetManifest:
    """Read a data set with the reader that its specification names.

    A reader is a function ``read(spec: DatasetSpec) -> DatasetManifest`` in the entry-point group
    ``seatrial.readers``.

    Raises:
        InputError: The specification, the files or their content cannot be used.
    """
    parsed = DatasetSpec.parse(spec) if isinstance(spec, str) else spec
    manifest: DatasetManifest = load_extension("seatrial.readers", parsed.kind)(parsed)
    return manifest

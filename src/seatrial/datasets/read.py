"""Read any data set by its specification."""

import sys

from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError
from seatrial.extensions import load_extension, names

__all__ = ["read_dataset"]


def read_dataset(spec: str | DatasetSpec) -> DatasetManifest:
    """Read a data set with the reader that its specification names.

    A reader is a function ``read(spec: DatasetSpec) -> DatasetManifest`` in the entry-point group
    ``seatrial.readers``. What the reader noticed is told on standard error, a line a kind of problem.

    Raises:
        InputError: The specification, the files or their content cannot be used.
    """
    parsed = DatasetSpec.parse(spec) if isinstance(spec, str) else spec
    known = names("seatrial.readers")
    if parsed.kind not in known:
        raise InputError(
            f"data set {parsed}: expected one of {', '.join(known)} before the colon, got {parsed.kind!r}"
        )
    manifest: DatasetManifest = load_extension("seatrial.readers", parsed.kind)(parsed)
    for problem in manifest.problems:
        sys.stderr.write(f"{parsed.path}: {problem}\n")
    return manifest

"""Read any data set by its specification."""

import sys
from dataclasses import replace

from seatrial.datasets.manifest import DatasetManifest, Task
from seatrial.datasets.problems import Problem, Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError
from seatrial.extensions import load_extension, names
from seatrial.images import PROPERTIES
from seatrial.storage import answering

__all__ = ["check_task", "read_dataset"]


def read_dataset(spec: str | DatasetSpec) -> DatasetManifest:
    """Read a data set with the reader that its specification names.

    A reader is a function ``read(spec: DatasetSpec) -> DatasetManifest`` in the entry-point group
    ``seatrial.readers``. What the reader noticed is told on standard error, a line a kind of problem.

    Raises:
        InputError: The specification, the files or their content cannot be used.
        ServiceError: The object store that they lie on does not answer or refuses.
    """
    parsed = DatasetSpec.parse(spec) if isinstance(spec, str) else spec
    known = names("seatrial.readers")
    if parsed.kind not in known:
        raise InputError(
            f"data set {parsed}: expected one of {', '.join(known)} before the colon, got {parsed.kind!r}"
        )
    reader = load_extension("seatrial.readers", parsed.kind)
    with answering(parsed.path):
        manifest: DatasetManifest = reader(parsed)
    manifest = replace(manifest, problems=(*manifest.problems, *_properties_given(manifest)))
    for problem in manifest.problems:
        sys.stderr.write(f"{parsed.path}: {problem}\n")
    return manifest


def _properties_given(manifest: DatasetManifest) -> tuple[Problem, ...]:
    """Note metadata called like what is measured of images; a reader's sizes are the files' own."""
    noted = Problems()
    if manifest.table.column("uri").null_count < len(manifest):
        for name in manifest.metadata:
            if name in PROPERTIES and name not in {"width", "height"}:
                noted.add("property_measured", f"column {name!r}")
    return noted.all()


def check_task(manifest: DatasetManifest, spec: str, task: Task | None) -> None:
    """Check that a data set's truth is for a task.

    Args:
        manifest: The data set.
        spec: How the user named it.
        task: What it has to be for; None where anything will do.

    Raises:
        InputError: It is for another.
    """
    if task not in {None, manifest.task}:
        raise InputError(
            f"data set {spec}: expected truth for {task}, got {manifest.task}: set the task to "
            f"{manifest.task}, leave it out, or name another data set"
        )

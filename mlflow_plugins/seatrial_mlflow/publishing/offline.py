"""A publication as a folder: what would be logged, written down to be logged later from somewhere else.

``publication.json`` holds every value, and ``artifacts/`` every file, with their digests: a folder that was
changed on the way is refused, not published.
"""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seatrial.digests import digest_json, digest_tree
from seatrial.errors import InputError
from seatrial.fields import mapping, text
from seatrial.files import atomic_folder, read_json, write_json
from seatrial_mlflow.publishing.publication import DatasetInput, Publication
from seatrial_mlflow.subject import Subject

__all__ = ["Request", "read_publication", "write_publication"]

SCHEMA_VERSION = 1

#: What a folder consists of.
WRITTEN = ("publication.json", "artifacts")

# the fields of a publication that are JSON as they are
_PLAIN = ("name", "tags", "params", "model_metrics", "run_metrics", "left_out", "table")


@dataclass(frozen=True, slots=True)
class Request:
    """Where a publication is to go, as far as it was said.

    Attributes:
        parent_run: Run to nest under; None for the one that logged the candidate.
        experiment: Experiment by name, for a run without a parent; None for the default.
        pipeline_run: Run that Kubeflow Pipelines gave to its task; None outside of it.
    """

    parent_run: str | None = None
    experiment: str | None = None
    pipeline_run: str | None = None


def write_publication(folder: Path, publication: Publication, request: Request) -> None:
    """Write a publication and copies of its artifacts into ``folder``, atomically.

    Raises:
        InputError: The folder holds something else or cannot be written.
    """
    with atomic_folder(folder, WRITTEN) as temporary:
        digests = {}
        for name, path in publication.artifacts.items():
            copied = temporary / "artifacts" / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copied)
            digests[name] = digest_tree(copied)
        body = {
            "schema_version": SCHEMA_VERSION,
            **{name: getattr(publication, name) for name in _PLAIN},
            "subject": asdict(publication.subject),
            "dataset": asdict(publication.dataset),
            "artifacts": digests,
            "request": asdict(request),
        }
        write_json(temporary / "publication.json", body | {"digest": digest_json(body)})


def read_publication(folder: Path) -> tuple[Publication, Request]:
    """Read what :func:`write_publication` wrote.

    Raises:
        InputError: The folder is absent or incomplete, or an artifact is not what was written.
    """
    file = folder / "publication.json"
    body = read_json(file, "publish-run --offline writes it")
    if not isinstance(body, dict) or body.get("schema_version") != SCHEMA_VERSION:
        raise InputError(f"{file}: expected a publication of schema_version {SCHEMA_VERSION}")
    digest = body.pop("digest", None)
    if (found := digest_json(body)) != digest:
        raise InputError(f"{file} was changed: expected {digest}, got {found}")
    try:
        return _publication(body, folder), Request(**body["request"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{file}: not a complete publication: {error}") from error


def _publication(body: dict[str, Any], folder: Path) -> Publication:
    digests = mapping(body["artifacts"], "artifacts")
    artifacts = {name: folder / "artifacts" / name for name in digests}
    for name, path in artifacts.items():
        if not path.exists() or not path.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{folder}: expected the artifact {name}, which is not there")
        if (found := digest_tree(path)) != text(digests, name):
            raise InputError(f"{path} was changed: expected {digests[name]}, got {found}")
    return Publication(
        subject=Subject(**body["subject"]),
        dataset=DatasetInput(**body["dataset"]),
        artifacts=artifacts,
        **{name: body[name] for name in _PLAIN},
    )

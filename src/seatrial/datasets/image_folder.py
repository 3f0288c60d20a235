"""Reader ``images:``: a folder with one subfolder of images per class, or a pool of unlabelled images."""

from pathlib import PurePosixPath

import fsspec
import pyarrow as pa

from seatrial.datasets.content import content_digests
from seatrial.datasets.listing import IMAGE_SUFFIXES, visible_files
from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.options import check_options, dataset_name
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.vocabulary import class_names
from seatrial.errors import EmptyDatasetError, InputError, examples

__all__ = ["read"]

_OPTIONS = ("name", "classes", "labels")

_LABELS = ("folders", "none")


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``images:FOLDER``.

    Each subfolder is a class; files with an image suffix anywhere below it are its images, hidden files
    are left out. An image's id is its path relative to the folder. Where all images lie at the top, or with
    the option ``labels=none``, they are a pool that nobody has labelled.

    Options: ``name``, ``classes`` (see :func:`~seatrial.datasets.vocabulary.class_names`; a pool has none
    where they are not named), ``labels`` (``folders`` or ``none``).

    Raises:
        InputError: The folder is absent, holds no image, has images both at the top and in folders, or has
            a class folder that ``classes`` does not name.
    """
    check_options(spec, _OPTIONS)
    if spec.options.get("labels", "folders") not in _LABELS:
        expected = f"expected one of {', '.join(_LABELS)}"
        raise InputError(f"data set {spec}, option labels: {expected}, got {spec.options['labels']!r}")
    noted = Problems()
    ids = sorted(_images_below(spec, noted))
    uris = [f"{spec.path.rstrip('/')}/{one}" for one in ids]
    labels = _labels(spec, ids)
    if not any(labels) and "classes" not in spec.options:
        classes: tuple[str, ...] = ()
    else:
        classes = class_names(spec, labels)
    unknown = sorted({label for label in labels if label is not None} - set(classes))
    if unknown:
        raise InputError(
            f"{spec.path}: folder {examples(unknown)} is not a class; expected one of {examples(classes)}"
        )
    table = pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "uri": pa.array(uris, pa.string()),
            "label": pa.array(labels, pa.string()),
            "group": pa.nulls(len(ids), pa.string()),
            "content": pa.array(content_digests(uris), pa.string()),
        }
    )
    return DatasetManifest(dataset_name(spec), "classification", classes, table, problems=noted.all())


def _images_below(spec: DatasetSpec, noted: Problems) -> list[str]:
    system, root = fsspec.url_to_fs(spec.path)
    if system.isfile(root):
        raise InputError(f"data set {spec}: expected a folder, got a file: is it a table:?")
    if not system.isdir(root):
        raise InputError(f"data set {spec}: no such folder: {spec.path}")
    images = visible_files(spec.path, IMAGE_SUFFIXES, noted)
    if not images:
        raise EmptyDatasetError(f"data set {spec} is empty: no file below {spec.path} has an image suffix")
    return images


def _labels(spec: DatasetSpec, ids: list[str]) -> list[str | None]:
    loose = [path for path in ids if "/" not in path]
    if spec.options.get("labels") == "none" or len(loose) == len(ids):
        return [None] * len(ids)
    if loose:
        raise InputError(
            f"{spec.path}: expected images in one folder per class, got images at the top: {examples(loose)}"
            "; a pool without labels is read with ?labels=none"
        )
    return [PurePosixPath(one).parts[0] for one in ids]

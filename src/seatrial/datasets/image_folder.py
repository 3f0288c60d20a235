"""Reader ``images:``: a folder with one subfolder of images per class."""

from pathlib import PurePosixPath

import fsspec
import pyarrow as pa

from seatrial.datasets.content import content_digests
from seatrial.datasets.listing import IMAGE_SUFFIXES, visible_files
from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.options import check_options, dataset_name
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.vocabulary import class_names
from seatrial.errors import InputError, examples

__all__ = ["read"]

_OPTIONS = ("name", "classes")


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``images:FOLDER``.

    Each subfolder is a class; files with an image suffix anywhere below it are its images, hidden files
    are left out. An image's id is its path relative to the folder.

    Options: ``name``, ``classes`` (see :func:`~seatrial.datasets.vocabulary.class_names`).

    Raises:
        InputError: The folder is absent, holds no class folder or no image, or has a class folder that
            ``classes`` does not name.
    """
    check_options(spec, _OPTIONS)
    ids = sorted(_images_below(spec))
    labels = [PurePosixPath(one).parts[0] for one in ids]
    uris = [f"{spec.path.rstrip('/')}/{one}" for one in ids]
    classes = class_names(spec, labels)
    unknown = sorted(set(labels) - set(classes))
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
    return DatasetManifest(dataset_name(spec), "classification", classes, table)


def _images_below(spec: DatasetSpec) -> list[str]:
    system, root = fsspec.url_to_fs(spec.path)
    if system.isfile(root):
        raise InputError(f"data set {spec}: expected a folder, got a file: is it a table:?")
    if not system.isdir(root):
        raise InputError(f"data set {spec}: no such folder: {spec.path}")
    images = visible_files(spec.path, IMAGE_SUFFIXES)
    if not images:
        raise InputError(f"data set {spec} is empty: no file below {spec.path} has an image suffix")
    loose = [path for path in images if "/" not in path]
    if loose:
        raise InputError(
            f"{spec.path}: expected images in one folder per class, got images at the top: {examples(loose)}"
        )
    return images

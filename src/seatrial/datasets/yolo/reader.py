"""Read ``yolo:FOLDER`` or ``yolo:data.yaml``."""

from pathlib import PurePosixPath

import fsspec
import pyarrow as pa

from seatrial.datasets.classes import known_classes
from seatrial.datasets.content import read_all
from seatrial.datasets.image_rows import IMAGE_OPTIONS, ImageRow, image_table, open_images
from seatrial.datasets.listing import read_file, visible_files
from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.object_rows import object_table, raise_faults
from seatrial.datasets.options import check_options, dataset_name, yes_or_no
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.yolo.labels import LabelFile, label_rows
from seatrial.datasets.yolo.layout import Layout, layout
from seatrial.errors import InputError

__all__ = ["read"]

# texts that may lie among labels
_OTHER_TEXTS = frozenset({"classes.txt", "labels.txt", "train.txt", "val.txt", "test.txt", "README.txt"})

_OPTIONS = (*IMAGE_OPTIONS, "split", "images", "labels", "background")


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``yolo:data.yaml`` or ``yolo:FOLDER``.

    ``data.yaml`` names classes and splits. A folder without one has images below ``images`` (or
    ``images/SPLIT``, or ``SPLIT/images``) and labels beside it below ``labels``, or both in one folder;
    class names are in ``classes.txt`` or ``obj.names``, or given. An image's id is its path below the
    folder of images. A label is a box or a polygon; a polygon is a mask, too.

    Options: ``split`` (default: the first there is of ``val``, ``test``, ``train``), ``images`` and
    ``labels`` (folders, as they are or below the data set's), ``background=no`` (an image without label
    file is unlabelled; by default it is one without objects, as YOLO has it), ``classes`` (names by number
    where no file has them, else their order), ``name``, ``metadata``, ``key``, ``group``.

    Raises:
        InputError: A file or option cannot be used, a line is neither box nor polygon, or a class number
            or coordinate is out of range.
    """
    check_options(spec, _OPTIONS)
    noted = Problems()
    files = layout(spec)
    rows = open_images([ImageRow(one, files.images[one]) for one in sorted(files.images)], noted)
    labels = _label_files(files, [row.id for row in rows], noted, background=_background(spec))
    names = files.names or _given_names(spec)
    sizes = {row.id: row.size for row in rows}
    objects, faults = label_rows([one for one in labels if one is not None], sizes, dict(enumerate(names)))
    for expected, found in faults.found.items():
        raise_faults(", ".join(files.folders), expected, found)
    annotated = pa.array([one is not None or _background(spec) for one in labels])
    table = image_table(spec, rows, {"annotated": annotated}, noted)
    return DatasetManifest(
        dataset_name(spec),
        "detection",
        known_classes(spec, names),
        table,
        object_table(", ".join(files.folders), [row.id for row in rows], sizes, objects, noted),
        problems=noted.all(),
    )


def _background(spec: DatasetSpec) -> bool:
    return yes_or_no(spec, "background", default=True)


def _given_names(spec: DatasetSpec) -> tuple[str, ...]:
    if "classes" not in spec.options:
        raise InputError(f"data set {spec}: nothing names the classes; name them with classes=a,b")
    return known_classes(spec, ())


def _label_files(
    files: Layout, ids: list[str], noted: Problems, *, background: bool
) -> list[LabelFile | None]:
    there = {_plain(f"{folder}/{one}") for folder in files.folders for one in visible_files(folder, {".txt"})}
    known = [one for one in ids if _plain(files.labels[one]) in there]
    texts = read_all(
        [files.labels[one] for one in known], lambda path: read_file(path, "labels"), "read labels"
    )
    found = dict(zip(known, texts, strict=True))
    for one in ids:
        if one not in found:
            noted.add("image_without_labels" if background else "image_without_truth", one, one)
    expected = {_plain(path) for path in files.labels.values()}
    for path in sorted(there - expected):
        if PurePosixPath(path).name not in _OTHER_TEXTS:
            noted.add("truth_without_image", PurePosixPath(path).name)
    return [LabelFile(one, files.labels[one], found[one]) if one in found else None for one in ids]


def _plain(path: str) -> str:
    """Give a path as the file system writes it, so that two ways to write it compare equal."""
    return str(fsspec.url_to_fs(path)[1])

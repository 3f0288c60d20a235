"""Read ``voc:FOLDER``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import fsspec
import numpy as np
import pyarrow as pa

from seatrial.datasets.box_format import look_like_sizes
from seatrial.datasets.classes import known_classes
from seatrial.datasets.content import read_all
from seatrial.datasets.image_rows import IMAGE_OPTIONS, ImageRow, image_table, open_images
from seatrial.datasets.listing import IMAGE_SUFFIXES, files_below, is_folder, place, read_file
from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.object_rows import ObjectRow, object_table
from seatrial.datasets.options import check_options, dataset_name
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.voc.annotation import VocAnnotation, parse_annotation
from seatrial.errors import EmptyDatasetError, InputError

__all__ = ["read"]

_OPTIONS = (*IMAGE_OPTIONS, "annotations", "images", "split", "coordinates")


@dataclass(frozen=True, slots=True)
class _Entry:
    """An image by its stem, with its file and its annotation, either of which may be absent."""

    stem: str
    file: str | None
    annotation: VocAnnotation | None

    @property
    def id(self) -> str:
        if self.file is not None:
            return self.file
        said = self.annotation.file_name if self.annotation is not None else ""
        return said if PurePosixPath(said).stem == self.stem else self.stem


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``voc:FOLDER``.

    XML files are below ``Annotations``, images below ``JPEGImages``, or all of them in one folder.

    An image's id is the path of its file below the folder of images; image and annotation belong together by
    their path without suffix. ``difficult`` objects are ignored; every other element of an object is an
    attribute, of an image metadata. Corners are read as they are, from 0 on: ``xmax − xmin`` is the width.
    The VOC devkit's own boxes are of pixels counted from 1, the last one included: that is
    ``coordinates=pixels``.

    Options: ``split`` (a list of images, ``ImageSets/Main/SPLIT.txt`` or a file's path), ``annotations``,
    ``images`` (folders, as they are or below the data set's; ``images=`` says that there are no images),
    ``coordinates`` (``corners`` or ``pixels``), ``classes`` (their order; default: sorted), ``name``,
    ``metadata``, ``key``, ``group``.

    Raises:
        InputError: A file or option cannot be used; the message names file, object and field.
    """
    check_options(spec, _OPTIONS)
    noted = Problems()
    folder = _image_folder(spec)
    entries = _entries(spec, folder, noted)
    rows = open_images(
        [
            ImageRow(
                one.id,
                None if folder is None else f"{folder.rstrip('/')}/{one.id}",
                one.annotation.size if one.annotation is not None else None,
                one.annotation.fields if one.annotation is not None else {},
            )
            for one in entries
        ],
        noted,
    )
    sizes = {row.id: row.size for row in rows}
    objects = _objects(spec, entries, sizes, noted)
    annotated = pa.array([one.annotation is not None for one in entries])
    return DatasetManifest(
        dataset_name(spec),
        "detection",
        known_classes(spec, tuple(sorted({one.label for one in objects}))),
        image_table(spec, rows, {"annotated": annotated}, noted),
        object_table(spec.path, [row.id for row in rows], sizes, objects, noted),
        problems=noted.all(),
    )


def _entries(spec: DatasetSpec, folder: str | None, noted: Problems) -> list[_Entry]:
    annotations = _annotations(spec)
    files = {} if folder is None else _by_stem(spec, folder)
    stems = _chosen(spec) or sorted(annotations.keys() | (files.keys() if _flat(spec) else set()))
    entries = []
    for stem in stems:
        if stem not in annotations and stem not in files:
            raise InputError(f"data set {spec}: split names {stem!r}, which has neither image nor annotation")
        entry = _Entry(stem, files.get(stem), annotations.get(stem))
        if entry.annotation is None:
            noted.add("image_without_truth", entry.id, entry.id)
        entries.append(entry)
    if not entries:
        raise EmptyDatasetError(f"data set {spec} is empty: no XML file below {_annotation_folder(spec)}")
    return sorted(entries, key=lambda one: one.id)


def _annotations(spec: DatasetSpec) -> dict[str, VocAnnotation]:
    folder = _annotation_folder(spec)
    chosen = set(_chosen(spec) or ())
    names = [one for one in files_below(spec, folder, {".xml"}) if not chosen or _stem(one) in chosen]
    paths = [f"{folder}/{one}" for one in names]
    found = read_all(paths, lambda path: parse_annotation(path, read_file(path, "XML")), "read annotations")
    return dict(zip(map(_stem, names), found, strict=True))


def _by_stem(spec: DatasetSpec, folder: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in files_below(spec, folder, IMAGE_SUFFIXES):
        if found.setdefault(_stem(one), one) != one:
            raise InputError(
                f"data set {spec}: two images are called alike: {found[_stem(one)]!r} and {one!r}"
            )
    return found


def _objects(
    spec: DatasetSpec,
    entries: Sequence[_Entry],
    sizes: Mapping[str, tuple[int, int] | None],
    noted: Problems,
) -> list[ObjectRow]:
    pixels = _pixels(spec)
    rows = []
    corners, limits = [], []
    for entry in entries:
        for number, one in enumerate(
            entry.annotation.objects if entry.annotation is not None else (), start=1
        ):
            x1, y1, x2, y2 = one.corners
            corners.append(one.corners)
            limits.append(sizes[entry.id] or (np.inf, np.inf))
            box = (x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1) if pixels else (x1, y1, x2 - x1, y2 - y1)
            rows.append(
                ObjectRow(
                    where=f"{entry.stem}.xml, object {number}",
                    image=entry.id,
                    annotation=f"{entry.stem}:{number}",
                    label=one.label,
                    box=box,
                    ignore=one.difficult,
                    attributes=one.attributes,
                )
            )
    if rows and look_like_sizes(np.array(corners, dtype=np.float64), np.array(limits, dtype=np.float64)):
        noted.add("boxes_look_like_sizes", f"{rows[0].where}: {corners[0]}")
    return rows


def _pixels(spec: DatasetSpec) -> bool:
    given = spec.options.get("coordinates", "corners")
    if given not in {"corners", "pixels"}:
        raise InputError(f"data set {spec}: option coordinates: expected corners or pixels, got {given!r}")
    return given == "pixels"


def _chosen(spec: DatasetSpec) -> tuple[str, ...] | None:
    """Give the stems that a split lists; a number after a name says whether it shows a class."""
    split = spec.options.get("split")
    if split is None:
        return None
    listed = f"{spec.path.rstrip('/')}/ImageSets/Main/{split}.txt"
    path = place(spec.path, split) if split.endswith(".txt") else listed
    lines = [line.split() for line in read_file(path, "list of images").splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty: expected names of images")
    return tuple(dict.fromkeys(line[0] for line in lines))


def _annotation_folder(spec: DatasetSpec) -> str:
    given = spec.options.get("annotations")
    if given is not None:
        return place(spec.path, given)
    below = f"{spec.path.rstrip('/')}/Annotations"
    return below if is_folder(below) else spec.path.rstrip("/")


def _image_folder(spec: DatasetSpec) -> str | None:
    given = spec.options.get("images")
    if given == "":
        return None
    if given is not None:
        folder = place(spec.path, given)
        if not is_folder(folder):
            raise InputError(f"data set {spec}: no such folder of images: {folder}")
        return folder
    below = f"{spec.path.rstrip('/')}/JPEGImages"
    return below if is_folder(below) else spec.path.rstrip("/")


def _flat(spec: DatasetSpec) -> bool:
    """Tell whether images and annotations share one folder, where an image alone is an unlabelled one."""
    folder = _image_folder(spec)
    return folder is not None and fsspec.url_to_fs(folder) == fsspec.url_to_fs(_annotation_folder(spec))


def _stem(path: str) -> str:
    return PurePosixPath(path).with_suffix("").as_posix()

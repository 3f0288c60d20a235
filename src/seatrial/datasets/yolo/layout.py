"""Where a YOLO data set keeps its images, labels and class names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import fsspec
import yaml

from seatrial.datasets.listing import IMAGE_SUFFIXES, files_below, is_folder, place, read_file
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import EmptyDatasetError, InputError, examples

__all__ = ["Layout", "layout"]

#: Splits in the order in which they are looked for where none is named.
_SPLITS = ("val", "test", "train")

# other names that folders of a split have
_ALIASES = {"val": ("val", "valid", "validation"), "test": ("test",), "train": ("train",)}

_DATA_FILES = ("data.yaml", "dataset.yaml", "data.yml")
_NAME_FILES = ("classes.txt", "obj.names", "labels.txt")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one split.

    Attributes:
        images: Place of each image by its id, the path below its folder.
        labels: Place of the label file of each image by id, be it there or not.
        folders: Folders in which label files are.
        names: Class names by number; empty where nothing says them.
    """

    images: dict[str, str]
    labels: dict[str, str]
    folders: tuple[str, ...]
    names: tuple[str, ...]


def layout(spec: DatasetSpec) -> Layout:
    """Find images, label files and class names.

    Raises:
        InputError: The path, a folder or the split is absent, or ``data.yaml`` is not what it has to be.
    """
    path = spec.path.rstrip("/")
    if PurePosixPath(path).suffix.lower() in {".yaml", ".yml"}:
        return _of_yaml(spec, path)
    if not is_folder(path):
        raise InputError(f"data set {spec}: expected a folder or a data.yaml, there is none at {path}")
    found = [f"{path}/{name}" for name in _DATA_FILES if _exists(f"{path}/{name}")]
    if found and not {"images", "labels"} & spec.options.keys():
        return _of_yaml(spec, found[0])
    names = next((_names_file(f"{path}/{name}") for name in _NAME_FILES if _exists(f"{path}/{name}")), ())
    return _files(spec, [_images_folder(spec, path)], path, names)


def _of_yaml(spec: DatasetSpec, path: str) -> Layout:
    try:
        body = yaml.safe_load(read_file(path, "YOLO's data.yaml"))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: expected YAML: {' '.join(str(error).split())}") from error
    if not isinstance(body, Mapping):
        raise InputError(f"{path}: expected names and splits, got {type(body).__name__}")
    base = path.rpartition("/")[0] or "."
    root = str(body.get("path") or ".")
    root = base if root == "." else place(base, root)
    if not is_folder(root):
        root = base  # data.yaml names where the data set once lay; ultralytics falls back alike
    chosen = _split(spec, path, body)
    given = body[chosen]
    entries = [str(one) for one in (given if isinstance(given, list) else [given])]
    return _files(spec, [_entry(base, root, one) for one in entries], base, _names(path, body))


def _split(spec: DatasetSpec, path: str, body: Mapping[str, Any]) -> str:
    there = [name for name in (*_SPLITS, *body) if body.get(name) and name in {*_SPLITS, "valid"}]
    wanted = spec.options.get("split")
    if wanted is None and there:
        return there[0]
    if wanted is not None and body.get(wanted):
        return wanted
    raise InputError(
        f"{path}: expected a split {wanted or 'val'!r}, there are {examples(dict.fromkeys(there)) or 'none'}"
    )


def _entry(base: str, root: str, entry: str) -> str:
    found = place(root, entry)
    if not _exists(found) and entry.startswith("../"):
        # Roboflow writes ../valid/images where valid/images is meant
        found = place(base, entry.removeprefix("../"))
    return found


def _names(path: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    names = body.get("names")
    if isinstance(names, Mapping):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise InputError(f"{path}: expected names by numbers from 0 on, got {examples(names)}")
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names or len(set(map(str, names))) != len(names):
        raise InputError(f"{path}: expected names of classes, each once, got {names!r:.120}")
    if body.get("nc") not in {None, len(names)}:
        raise InputError(f"{path}: nc is {body['nc']!r}, but there are {len(names)} names")
    return tuple(map(str, names))


def _names_file(path: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in read_file(path, "class names").splitlines() if line.strip())


def _images_folder(spec: DatasetSpec, path: str) -> str:
    given, split = spec.options.get("images"), spec.options.get("split")
    if given is not None:
        return place(path, given)
    splits = _ALIASES.get(split, (split,)) if split else [one for name in _SPLITS for one in _ALIASES[name]]
    for one in splits:
        for folder in (f"{path}/images/{one}", f"{path}/{one}/images"):
            if is_folder(folder):
                return folder
    if split:
        expected = f"expected images/{split} or {split}/images"
        raise InputError(f"data set {spec}: no folder of split {split!r}: {expected}")
    return f"{path}/images" if is_folder(f"{path}/images") else path


def _files(spec: DatasetSpec, entries: list[str], base: str, names: tuple[str, ...]) -> Layout:
    images: dict[str, str] = {}
    labels: dict[str, str] = {}
    folders: list[str] = []
    for entry in entries:
        listed = not is_folder(entry)
        own = [_listed(base, entry)] if listed else [(entry, files_below(spec, entry, IMAGE_SUFFIXES))]
        for folder, found in own:
            target = _labels_folder(spec, folder, base)
            folders.append(target)
            for one in found:
                if one in images:
                    raise InputError(f"data set {spec}: image {one!r} is in two folders of the split")
                images[one] = f"{folder.rstrip('/')}/{one}"
                labels[one] = f"{target}/{PurePosixPath(one).with_suffix('.txt')}"
    if not images:
        raise EmptyDatasetError(
            f"data set {spec} is empty: no file below {examples(entries)} has an image suffix"
        )
    return Layout(images, labels, tuple(dict.fromkeys(folders)), names)


def _listed(base: str, path: str) -> tuple[str, list[str]]:
    """Read a list of images; they are named relative to the folder that they share."""
    if not _exists(path):
        raise InputError(f"no such folder of images, nor a list of them: {path}")
    lines = [line.strip() for line in read_file(path, "list of images").splitlines() if line.strip()]
    folders = {PurePosixPath(one).parent.as_posix() for one in lines}
    if len(folders) != 1:
        raise InputError(f"{path}: expected images of one folder, got those of {examples(sorted(folders))}")
    return place(base, folders.pop()), sorted(PurePosixPath(one).name for one in lines)


def _labels_folder(spec: DatasetSpec, images: str, base: str) -> str:
    given = spec.options.get("labels")
    if given is not None:
        folder = place(base, given)
        if not is_folder(folder):
            raise InputError(f"data set {spec}: no such folder of labels: {folder}")
        return folder
    before, found, after = f"{images.rstrip('/')}/".rpartition("/images/")
    folder = f"{before}/labels/{after}".rstrip("/") if found else images.rstrip("/")
    if not is_folder(folder):
        raise InputError(f"data set {spec}: no such folder of labels: {folder}; name it with labels=FOLDER")
    return folder


def _exists(path: str) -> bool:
    system, where = fsspec.url_to_fs(path)
    return bool(system.exists(where))

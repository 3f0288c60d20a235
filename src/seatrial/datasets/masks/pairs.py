"""Which mask belongs to which image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from seatrial.datasets.listing import IMAGE_SUFFIXES, files_below, is_folder, place, read_file
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import EmptyDatasetError, InputError, examples

__all__ = ["MASK_SUFFIXES", "Pair", "pairs"]

#: Formats that keep codes as they are.
MASK_SUFFIXES = frozenset({".bmp", ".gif", ".png", ".tif", ".tiff"})

_IMAGE_FOLDERS, _MASK_FOLDERS = ("images", "JPEGImages"), ("masks", "labels", "SegmentationClass")


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and its mask.

    Attributes:
        id: Path of the image's file below its folder.
        uri: The image.
        mask: The mask; None where there is none.
    """

    id: str
    uri: str
    mask: str | None


def pairs(spec: DatasetSpec, noted: Problems) -> list[Pair]:
    """Pair images with masks by their path without suffix.

    Raises:
        InputError: A folder is absent or empty, two files are called alike, or nothing fits together.
    """
    images, masks = _folder(spec, "images", _IMAGE_FOLDERS), _folder(spec, "masks", _MASK_FOLDERS)
    ending = spec.options.get("suffix", "")
    if images == masks and not ending:
        raise InputError(
            f"data set {spec}: images and masks are both in {images}: say what masks' names end with, "
            "e.g. suffix=_mask"
        )
    found = _by_stem(spec, masks, files_below(spec, masks, MASK_SUFFIXES), ending)
    taken = set(found.values()) if images == masks else set()
    files = [one for one in files_below(spec, images, IMAGE_SUFFIXES) if one not in taken]
    stems = _by_stem(spec, images, files, "")
    chosen = _chosen(spec, stems)
    if not chosen:
        raise EmptyDatasetError(f"data set {spec} is empty: no file below {images} has an image suffix")
    if not any(stem in found for stem in chosen):
        raise InputError(
            f"data set {spec}: no image of {images} has a mask in {masks}: images are called "
            f"{examples(sorted(chosen), most=2)}, masks {examples(sorted(found), most=2)}"
        )
    for stem in sorted(found.keys() - stems.keys()):
        noted.add("truth_without_image", found[stem])
    result = []
    for stem in chosen:
        one = stems[stem]
        if stem not in found:
            noted.add("image_without_truth", one, one)
        mask = f"{masks}/{found[stem]}" if stem in found else None
        result.append(Pair(one, f"{images}/{one}", mask))
    return sorted(result, key=lambda one: one.id)


def _folder(spec: DatasetSpec, option: str, usual: Sequence[str]) -> str:
    path = spec.path.rstrip("/")
    given = spec.options.get(option)
    if given:
        return place(path, given).rstrip("/")
    for name in usual:
        if is_folder(f"{path}/{name}"):
            return f"{path}/{name}"
    return path


def _by_stem(spec: DatasetSpec, folder: str, names: Sequence[str], ending: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in names:
        stem = PurePosixPath(one).with_suffix("").as_posix()
        if not stem.endswith(ending):
            continue
        stem = stem.removesuffix(ending)
        if found.setdefault(stem, one) != one:
            raise InputError(
                f"data set {spec}: two files of {folder} are called alike: {found[stem]!r} and {one!r}"
            )
    return found


def _chosen(spec: DatasetSpec, stems: dict[str, str]) -> list[str]:
    split = spec.options.get("split")
    if split is None:
        return list(stems)
    listed = f"{spec.path.rstrip('/')}/ImageSets/Segmentation/{split}.txt"
    path = place(spec.path, split) if split.endswith(".txt") else listed
    lines = [line.strip() for line in read_file(path, "list of images").splitlines() if line.strip()]
    missing = [one for one in lines if one not in stems]
    if missing:
        raise InputError(f"{path}: no image is called {examples(missing)}")
    return list(dict.fromkeys(lines))

"""Read ``masks:FOLDER``."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from seatrial.datasets.classes import known_classes
from seatrial.datasets.content import read_all
from seatrial.datasets.image_rows import IMAGE_OPTIONS, ImageRow, image_table, open_images
from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.mask_image import class_codes
from seatrial.datasets.masks.instances import instance_rows
from seatrial.datasets.masks.pairs import Pair, pairs
from seatrial.datasets.object_rows import ObjectRow, object_table, raise_faults
from seatrial.datasets.options import check_options, dataset_name
from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.digests import digest_bytes
from seatrial.errors import InputError
from seatrial.images import UnreadableImageError, decode_codes, read_bytes

__all__ = ["read"]

_OPTIONS = (*IMAGE_OPTIONS, "images", "masks", "suffix", "split", "void", "instances")

_BACKGROUND = ("background", "foreground")


@dataclass(frozen=True)
class _Mask:
    """What one reading of a mask tells."""

    content: str | None
    size: tuple[int, int] | None
    fault: str
    objects: tuple[ObjectRow, ...] = ()


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``masks:FOLDER``: images below ``images``, masks below ``masks``, paired by their names.

    A mask is an image of codes of the image's size: an index PNG, a palette PNG, or a map of instances.

    Options: ``images``, ``masks`` (folders, as they are or below the data set's), ``suffix`` (what the
    names of masks end with, ``_mask`` for ``a_mask.png``), ``split`` (a list of images,
    ``ImageSets/Segmentation/SPLIT.txt`` or a file's path), ``classes`` (names by code), ``void`` (code of no
    class, e.g. 255), ``instances=foreground`` (codes are instances: 0 is background, everything else
    foreground; so read masks of 0 and 255, too), ``instances=objects`` (a detection data set: each instance
    is an object with a mask, of the only class), ``name``, ``metadata``, ``key``, ``group``.

    Raises:
        InputError: A folder or option cannot be used, a mask is no image of codes, of another size than its
            image, or holds a code that is neither a class nor void.
    """
    check_options(spec, _OPTIONS)
    noted = Problems()
    instances = _instances(spec)
    classes = _classes(spec, instances)
    found = pairs(spec, noted)
    rows = open_images([ImageRow(one.id, one.uri) for one in found], noted)
    masks = _masks(spec, found, classes, instances)
    wrong = [
        f"{pair.mask}: {_size(mask.size)}, the image {_size(row.size)}"
        for pair, row, mask in zip(found, rows, masks, strict=True)
        if mask is not None and row.size is not None and mask.size != row.size
    ]
    raise_faults(spec.path, "masks of their image's size", wrong)
    if instances == "objects":
        objects = [one for mask in masks if mask is not None for one in mask.objects]
        sizes = {row.id: row.size for row in rows}
        truth = {"annotated": pa.array([mask is not None for mask in masks])}
        table = image_table(spec, rows, truth, noted)
        boxes = object_table(spec.path, [row.id for row in rows], sizes, objects, noted)
        return DatasetManifest(dataset_name(spec), "detection", classes, table, boxes, problems=noted.all())
    truth = {
        "mask": pa.array([one.mask for one in found], pa.string()),
        "mask_content": pa.array([None if one is None else one.content for one in masks], pa.string()),
    }
    return DatasetManifest(
        dataset_name(spec),
        "segmentation",
        classes,
        image_table(spec, rows, truth, noted),
        void=_void(spec),
        foreground=instances == "foreground",
        problems=noted.all(),
    )


def _instances(spec: DatasetSpec) -> str:
    given = spec.options.get("instances", "no")
    if given not in {"no", "foreground", "objects"}:
        raise InputError(f"data set {spec}: option instances: expected foreground or objects, got {given!r}")
    if given == "objects" and "void" in spec.options:
        raise InputError(f"data set {spec}: option void: objects have none")
    return given


def _classes(spec: DatasetSpec, instances: str) -> tuple[str, ...]:
    if instances == "no":
        return known_classes(spec, ())
    own = _BACKGROUND if instances == "foreground" else _BACKGROUND[1:]
    classes = known_classes(spec, ()) if "classes" in spec.options else own
    if len(classes) != len(own):
        raise InputError(
            f"data set {spec}: option classes: expected {len(own)} with instances={instances}, "
            f"got {len(classes)}"
        )
    return classes


def _void(spec: DatasetSpec) -> int | None:
    given = spec.options.get("void")
    if given is None:
        return None
    if not given.isdecimal():
        raise InputError(f"data set {spec}: option void: expected a code such as 255, got {given!r}")
    return int(given)


def _masks(
    spec: DatasetSpec, found: Sequence[Pair], classes: tuple[str, ...], instances: str
) -> list[_Mask | None]:
    void = _void(spec)
    ids = {one.mask: one.id for one in found if one.mask is not None}

    def read_one(uri: str) -> _Mask:
        try:
            data = read_bytes(uri)
            codes = (
                decode_codes(data)
                if instances == "objects"
                else class_codes(data, len(classes), void, foreground=instances == "foreground")
            )
        except UnreadableImageError as error:
            return _Mask(None, None, f"{uri}: {error}")
        objects = instance_rows(ids[uri], codes, classes[0]) if instances == "objects" else ()
        return _Mask(digest_bytes(data), (codes.shape[1], codes.shape[0]), "", tuple(objects))

    read = dict(zip(ids, read_all(list(ids), read_one, "read masks"), strict=True))
    expected = "masks of class codes (instances=foreground and instances=objects read maps of instances)"
    raise_faults(spec.path, expected, [one.fault for one in read.values() if one.fault])
    return [None if one.mask is None else read[one.mask] for one in found]


def _size(size: tuple[int, int] | None) -> str:
    return "×".join(map(str, size or ()))

"""Segmentations made elsewhere, as an evaluation table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa

from seatrial.datasets import DatasetManifest, DatasetSpec
from seatrial.datasets.content import read_all
from seatrial.datasets.listing import files_below
from seatrial.datasets.mask_image import class_codes
from seatrial.datasets.masks.pairs import MASK_SUFFIXES
from seatrial.datasets.object_rows import raise_faults
from seatrial.datasets.options import check_options, yes_or_no
from seatrial.datasets.problems import Problem, Problems
from seatrial.digests import digest_bytes, digest_lines
from seatrial.errors import InputError, examples
from seatrial.evaluation.imported_objects import Images
from seatrial.evaluation.pixels import PixelCounts, pixel_counts, pixel_table
from seatrial.evaluation.segmentation import segmentation_samples
from seatrial.evaluation.table import EvaluationHeader, EvaluationTable
from seatrial.images import UnreadableImageError, decode_codes, encode_codes, read_bytes

__all__ = ["imported_segmentation"]

_OPTIONS = ("suffix", "foreground")


@dataclass(frozen=True)
class _Judged:
    """A predicted mask and what it amounts to."""

    mask: bytes
    counts: PixelCounts | None
    fault: str = ""


def imported_segmentation(
    spec: DatasetSpec, manifest: DatasetManifest, name: str
) -> tuple[EvaluationTable, tuple[Problem, ...]]:
    """Join a folder of predicted masks to a data set.

    Args:
        spec: ``predictions:FOLDER?key=value``: an index or palette PNG an image, called like it. Options:
            ``suffix`` (what the masks' names end with), ``foreground=yes`` (every code but 0 is the second
            of two classes).
        manifest: What the masks are of.
        name: What to call the model.

    Returns:
        The evaluation, and what was noticed.

    Raises:
        InputError: An annotated image has no mask, or one of another size or with a code that is no class;
            the message names the file.
    """
    if manifest.task != "segmentation":
        raise InputError(f"data set {manifest.name!r}: expected one for segmentation, got {manifest.task}")
    check_options(spec, _OPTIONS)
    foreground = yes_or_no(spec, "foreground", default=False)
    noted = Problems()
    files = _files(spec, manifest, noted)
    rows = manifest.table.select(["id", "mask"]).to_pylist()
    missing = [row["id"] for at, row in enumerate(rows) if row["mask"] is not None and at not in files]
    if missing:
        count = len(rows) - manifest.table.column("mask").null_count
        raise InputError(
            f"{spec.path}: expected a mask for each of {count} annotated images, "
            f"{len(missing)} have none: {examples(missing)}"
        )
    at_uri = {uri: at for at, uri in files.items()}

    def judge(uri: str) -> _Judged:
        return _judge(uri, rows[at_uri[uri]]["mask"], manifest, foreground=foreground)

    order = sorted(files)
    judged = read_all([files[at] for at in order], judge, "count pixels")
    raise_faults(spec.path, "masks that fit their image", [one.fault for one in judged if one.fault])
    ids = [rows[at]["id"] for at in order]
    counted = [(one, two.counts) for one, two in zip(ids, judged, strict=True) if two.counts is not None]
    header = EvaluationHeader(
        task="segmentation",
        classes=manifest.classes,
        model=name,
        model_digest=digest_lines(
            f"{one}\t{digest_bytes(two.mask)}" for one, two in zip(ids, judged, strict=True)
        ),
        dataset=manifest.name,
        dataset_digest=manifest.digest,
        dataset_size=len(manifest),
    )
    table = EvaluationTable(
        header,
        segmentation_samples(manifest.table),
        pixels=pixel_table([one for one, _ in counted], [two for _, two in counted], manifest.classes),
        masks=pa.table(
            {
                "image": pa.array(ids, pa.string()),
                "mask": pa.array([one.mask for one in judged], pa.binary()),
            }
        ),
    )
    return table, noted.all()


def _files(spec: DatasetSpec, manifest: DatasetManifest, noted: Problems) -> Mapping[int, str]:
    """Find the predicted mask of each image, by its row."""
    images, ending = Images(manifest), spec.options.get("suffix", "")
    found: dict[int, str] = {}
    for one in files_below(spec, spec.path, MASK_SUFFIXES):
        stem = PurePosixPath(one).with_suffix("").as_posix()
        row = images.find(stem.removesuffix(ending)) if stem.endswith(ending) else None
        if row is None:
            noted.add("prediction_of_unknown_image", one)
        elif row in found:
            raise InputError(f"{spec.path}: two masks of image {images.ids[row]!r}, one of them {one}")
        else:
            found[row] = f"{spec.path.rstrip('/')}/{one}"
    return found


def _judge(uri: str, truth: str | None, manifest: DatasetManifest, *, foreground: bool) -> _Judged:
    count = len(manifest.classes)
    try:
        codes = decode_codes(read_bytes(uri))
        if foreground:
            codes = (codes > 0).astype(np.uint32)
        mask = encode_codes(codes)
    except UnreadableImageError as error:
        return _Judged(b"", None, f"{uri}: {error}")
    if truth is None:
        return _Judged(mask, None)
    try:
        expected = class_codes(read_bytes(truth), count, manifest.void, foreground=manifest.foreground)
        return _Judged(mask, pixel_counts(expected, codes, count, manifest.void))
    except UnreadableImageError as error:
        return _Judged(mask, None, f"{truth}: {error}")
    except InputError as error:
        return _Judged(mask, None, f"{uri}: {error}")

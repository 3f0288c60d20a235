"""The copies of ``planted_images``, among images on which no threshold was chosen, beside CleanVision."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from benchmarks import peers
from benchmarks.planted_images import COPIES
from benchmarks.row import Row
from seatrial.steps import check_data

COLUMNS = ("copies of 60 images, planted among the others", "Seatrial", "CleanVision", "false alarms", "how")

_DATA = Path(__file__).parents[2] / "shared" / "data"

#: Photographs of scenes, microscopy of blood, microscopy of nuclei.
SOURCES = {
    "VOC": _DATA / "voc100_formats" / "images",
    "BCCD": _DATA / "bccd" / "images",
    "DSB2018": _DATA / "dsb2018_nuclei" / "images",
}

_EACH = 60


@dataclass
class Planted:
    """What was planted where.

    Attributes:
        val: Folder of copies of every kind, among images that were not copied.
        train: Folder of the originals.
        copies: By kind of copy, ids in ``val`` and of the original in ``train``.
    """

    val: Path
    train: Path
    copies: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def plant(folder: Path, source: Path, *, each: int = _EACH) -> Planted:
    """Write ``each`` originals as the reference, a copy of every kind of each and the other images beside."""
    paths = sorted(path for path in source.iterdir() if path.suffix in {".jpg", ".png"})
    random.Random(7).shuffle(paths)
    planted = Planted(folder / "val", folder / "train")
    for part, some in ((planted.train, paths[:each]), (planted.val, paths[each:])):
        (part / "all").mkdir(parents=True)
        for path in some:
            shutil.copy(path, part / "all" / path.name)
    for path in paths[:each]:
        with Image.open(path) as image:
            original = image.convert("RGB")
        for number, (kind, copy) in enumerate(COPIES.items()):
            data = copy(original)
            suffix = ".png" if data[:4] == b"\x89PNG" else ".jpg"
            name = f"all/{path.stem}_copy{number}{suffix}"
            (planted.val / name).write_bytes(data)
            planted.copies.setdefault(kind, []).append((name, f"all/{path.name}"))
    return planted


def rows() -> Iterator[Row]:
    """Plant in a temporary folder for each source, run both, and count."""
    for name, source in SOURCES.items():
        with tempfile.TemporaryDirectory() as folder:
            planted = plant(Path(folder) / "data", source)
            yield from _counted(name, planted, Path(folder) / "out")


def _counted(name: str, planted: Planted, out: Path) -> Iterator[Row]:
    report = check_data.run(
        f"images:{planted.val}",
        out,
        reference=f"images:{planted.train}",
        only=("split_leakage", "near_leakage", "near_duplicates"),
    )
    answer = peers.call("image_checks", folder=str(planted.val.parent), jobs=1)
    groups = [set(group) for kind in answer["groups"].values() for group in kind]
    ours = {
        (one, original)
        for finding in report.findings
        if finding.check in {"split_leakage", "near_leakage"}
        for one in finding.sample_ids
        for original in finding.evidence["reference_ids"]
    }
    theirs = {
        (one.removeprefix("val/"), other.removeprefix("train/"))
        for group in groups
        for one in group
        for other in group
        if one.startswith("val/") and other.startswith("train/")
    }
    for kind, pairs in planted.copies.items():
        yield Row(
            f"{name}, {len(pairs)} copies: {kind}",
            f"{len(ours.intersection(pairs))} found",
            f"{len(theirs.intersection(pairs))} found",
            "see below",
            "pairs of a copy and its original, by the two checks of leakage",
        )
    true = {pair for pairs in planted.copies.values() for pair in pairs}
    yield Row(
        f"{name}: pairs that were not planted",
        f"{len(ours - true)} of {len(ours)}",
        f"{len(theirs - true)} of {len(theirs)}",
        "–",
        "across the split",
    )
    family = dict(true)
    ours_within = [set(one.sample_ids) for one in report.findings if one.check == "near_duplicates"]
    theirs_within = [
        {one.removeprefix("val/") for one in group if one.startswith("val/")} for group in groups
    ]
    wrong = [
        sum(len({family.get(one, one) for one in group}) > 1 for group in some)
        for some in (ours_within, theirs_within)
    ]
    listed = [sum(len(group) > 1 for group in some) for some in (ours_within, theirs_within)]
    others = len(list((planted.val / "all").iterdir())) - len(true)
    yield Row(
        f"{name}: groups that join different images, {others} of which were not copied",
        f"{wrong[0]} of {listed[0]}",
        f"{wrong[1]} of {listed[1]}",
        "–",
        "within the data set",
    )

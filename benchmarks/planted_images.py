"""Copies, leaks and damage planted among real photographs: what is found, beside CleanVision."""

import io
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from benchmarks import peers
from benchmarks.row import Row
from seatrial.steps import check_data

COLUMNS = ("planted among sign_digits' photographs", "Seatrial", "CleanVision", "false alarms", "how")

SOURCE = Path(__file__).parents[2] / "shared" / "data" / "sign_digits" / "Dataset"

_EACH = 40

Photo = Image.Image


def _stored(image: Photo, quality: int = 90) -> bytes:
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _png(image: Photo) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _cropped(image: Photo) -> Photo:
    x, y = (max(1, round(side * 0.03)) for side in image.size)
    return image.crop((x, y, image.width, image.height))


def _shifted(image: Photo, by: int) -> Photo:
    return Image.fromarray((np.asarray(image).astype(int) + by).clip(0, 255).astype(np.uint8))


#: A copy of each kind; every one is stored as JPEG once more.
COPIES: dict[str, Callable[[Photo], bytes]] = {
    "equal pixels, other file": _png,
    "re-encoded (JPEG 50)": lambda image: _stored(image, 50),
    "resized to half": lambda image: _stored(image.resize((image.width // 2, image.height // 2))),
    "resized to double": lambda image: _stored(image.resize((image.width * 2, image.height * 2))),
    "cropped by 3 %": lambda image: _stored(_cropped(image)),
    "brightness +25": lambda image: _stored(_shifted(image, 25)),
    "brightness ×0.8": lambda image: _stored(ImageEnhance.Brightness(image).enhance(0.8)),
}

#: Damage of each kind, with the check that has to tell it and CleanVision's name for it.
DAMAGE: dict[str, tuple[Callable[[Photo], bytes], str, str]] = {
    "truncated file": (lambda image: _stored(image)[:900], "broken", ""),
    "zero bytes": (lambda _: b"", "broken", ""),
    "text called .JPG": (lambda _: b"these are words", "broken", ""),
    "PNG called .JPG": (_png, "odd_files", ""),
    "dark (×0.1)": (lambda image: _stored(ImageEnhance.Brightness(image).enhance(0.1)), "dark", "dark"),
    "light (washed out)": (lambda image: _stored(_shifted(image, 200)), "light", "light"),
    "blurred (σ = 2 %)": (
        lambda image: _stored(image.filter(ImageFilter.GaussianBlur(image.width * 0.02)), 95),
        "blurred",
        "blurry",
    ),
    "white noise (σ = 30)": (lambda image: _stored(_noisy(image), 95), "noisy", ""),
    "greyscale": (lambda image: _stored(image.convert("L")), "odd_colour", "grayscale"),
    "one grey": (lambda image: _stored(_blank(image)), "uniform", "low_information"),
    "strip (1 : 4)": (
        lambda image: _stored(image.resize((image.width * 4, image.height))),
        "odd_aspect",
        "odd_aspect_ratio",
    ),
}


def _blank(image: Photo) -> Photo:
    level = image.convert("L").getpixel((5, 5))
    return Image.new("RGB", image.size, (level, level, level))


def _noisy(image: Photo) -> Photo:
    noise = np.random.default_rng(image.getpixel((5, 5))).normal(0, 30, (image.height, image.width, 1))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


@dataclass
class Planted:
    """What was planted where.

    Attributes:
        val: Folder of the data set, one folder a class.
        train: Folder of the reference.
        copies: By kind of copy, pairs of ids within ``val``: the original and its copy.
        leaks: By kind of copy, ids in ``val`` of which ``train`` holds the original.
        damaged: By kind of damage, ids in ``val``, which holds no sound version of them.
    """

    val: Path
    train: Path
    copies: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    leaks: dict[str, list[str]] = field(default_factory=dict)
    damaged: dict[str, list[str]] = field(default_factory=dict)


def plant(folder: Path, source: Path = SOURCE, *, each: int = _EACH, photos: int | None = None) -> Planted:
    """Split real photographs in two and plant copies, leaks and damage, ``each`` of every kind.

    Args:
        folder: Where both parts are written.
        source: The photographs, one folder a class.
        each: How many of every kind.
        photos: How many photographs to take; None takes all.
    """
    rng = random.Random(7)
    found = sorted(path.relative_to(source) for path in source.glob("*/*.JPG"))
    small = [path for path in found if (source / path).stat().st_size < 100_000]
    rng.shuffle(small)
    small = small[:photos]
    spoilt, small = small[: 5 * len(DAMAGE)], small[5 * len(DAMAGE) :]
    train, val = small[: len(small) // 2], small[len(small) // 2 :]
    planted = Planted(folder / "val", folder / "train")
    for part, paths in ((planted.train, train), (planted.val, val)):
        for path in paths:
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / path, part / path)
    originals, leaked = (rng.sample(paths, len(paths)) for paths in (val, train))
    for number, (kind, copy) in enumerate(COPIES.items()):
        for path in originals[number * each : (number + 1) * each]:
            name = _write(planted.val, path, f"copy{number}", copy(_open(source / path)))
            planted.copies.setdefault(kind, []).append((path.as_posix(), name))
        for path in leaked[number * each : (number + 1) * each]:
            name = _write(planted.val, path, f"leak{number}", copy(_open(source / path)))
            planted.leaks.setdefault(kind, []).append(name)
    for number, (kind, (damage, _, _)) in enumerate(DAMAGE.items()):
        for path in spoilt[number * 5 : number * 5 + 5]:
            name = _write(planted.val, path, f"spoilt{number}", damage(_open(source / path)))
            planted.damaged.setdefault(kind, []).append(name)
    return planted


def _open(path: Path) -> Photo:
    return Image.open(path).convert("RGB")


def _write(part: Path, original: Path, mark: str, data: bytes) -> str:
    suffix = ".PNG" if data[:4] == b"\x89PNG" and "spoilt" not in mark else ".JPG"
    name = original.with_name(f"{original.stem}_{mark}{suffix}")
    (part / name).parent.mkdir(parents=True, exist_ok=True)
    (part / name).write_bytes(data)
    return name.as_posix()


#: The checks that are asked, and those of them that tell of copies and leaks.
_OF_COPIES, _OF_LEAKS = ("exact_duplicates", "near_duplicates"), ("split_leakage", "near_leakage")
CHECKS = (*_OF_COPIES, *_OF_LEAKS, *dict.fromkeys(check for _, check, _ in DAMAGE.values()))


def rows() -> Iterator[Row]:
    """Plant in a temporary folder, run both, and count."""
    with tempfile.TemporaryDirectory() as name:
        planted = plant(Path(name))
        report = check_data.run(
            f"images:{planted.val}", Path(name) / "out", reference=f"images:{planted.train}", only=CHECKS
        )
        ends = {kind: _peer_ends(Path(name) / "one", planted, kind) for kind in planted.damaged}
        for kind, (_, check, _) in DAMAGE.items():
            if check == "broken":  # the peer ends with the first of them
                for one in planted.damaged[kind]:
                    (planted.val / one).unlink()
        peer = peers.call("image_checks", folder=str(planted.val), jobs=1)
        shutil.rmtree(Path(name) / "out")
        leaking = peers.call("image_checks", folder=name, jobs=1)
    found = {
        check: [set(one.sample_ids) for one in report.findings if one.check == check] for check in CHECKS
    }
    groups = [group for check in _OF_COPIES for group in found[check]]
    theirs = [set(group) for kind in peer["groups"].values() for group in kind]
    pairs = {kind: [set(pair) for pair in some] for kind, some in planted.copies.items()}
    true = [set(pair) for some in pairs.values() for pair in some]
    for kind, some in pairs.items():
        ours, other = (sum(any(pair <= group for group in one) for pair in some) for one in (groups, theirs))
        yield Row(
            f"{len(some)} copies: {kind}",
            f"{ours} found",
            f"{other} found",
            "see below",
            "pairs of one group",
        )
    yield _alarms("groups of copies", groups, theirs, true)
    spoilt = {one for check in _OF_LEAKS for group in found[check] for one in group}
    across = _across(leaking["groups"])
    for kind, some in planted.leaks.items():
        yield Row(
            f"{len(some)} leaks: {kind}",
            f"{len(spoilt & set(some))} found",
            f"{len(across & set(some))} found",
            "see below",
            "CleanVision over both parts at once",
        )
    every = {one for some in planted.leaks.values() for one in some}
    yield Row(
        "leaks: false alarms",
        f"{len(spoilt - every)} of {len(spoilt)}",
        f"{len(across - every)} of {len(across)}",
        f"precision {_precision(spoilt, every)} and {_precision(across, every)}",
        "samples",
    )
    for kind, (_, check, name) in DAMAGE.items():
        spoiled = not_sound(planted, check)
        some = set(planted.damaged[kind])
        ours = set().union(*found[check])
        flagged = set(peer["flagged"].get(name, ())) if name else set()
        without = f"ends with {ends[kind]}" if ends[kind] else "no such check"
        yield Row(
            f"{len(some)} damaged: {kind}",
            f"{len(ours & some)} found by `{check}`",
            f"{len(flagged & some)} found by {name}" if name else without,
            f"{len(ours - spoiled)} and " + (f"{len(flagged - spoiled)}" if name else "–"),
            "samples; alarms are sound photographs",
        )


def not_sound(planted: Planted, check: str) -> set[str]:
    """Give what a check may tell without being wrong: what is damaged, and for blur what was enlarged."""
    spoiled = {one for some in planted.damaged.values() for one in some}
    if check == "blurred":
        spoiled |= {copy for _, copy in planted.copies["resized to double"]}
        spoiled |= set(planted.leaks["resized to double"])
    return spoiled


def _peer_ends(folder: Path, planted: Planted, kind: str) -> str:
    """Give the error with which CleanVision ends over two images of which one is damaged; empty for none."""
    if DAMAGE[kind][1] != "broken":
        return ""
    folder.mkdir()
    shutil.copy(planted.val / planted.damaged[kind][0], folder / "0.JPG")
    shutil.copy(next(planted.train.rglob("*.JPG")), folder / "1.JPG")
    answer = peers.call("image_checks", folder=str(folder), jobs=1)
    shutil.rmtree(folder)
    return str(answer.get("error", ""))


def _alarms(what: str, ours: list[set[str]], theirs: list[set[str]], true: list[set[str]]) -> Row:
    """Count groups that hold no planted pair."""
    wrong = [sum(not any(pair <= group for pair in true) for group in groups) for groups in (ours, theirs)]
    precision = [1 - bad / max(len(groups), 1) for bad, groups in zip(wrong, (ours, theirs), strict=True)]
    return Row(
        f"{what}: false alarms",
        f"{wrong[0]} of {len(ours)}",
        f"{wrong[1]} of {len(theirs)}",
        f"precision {precision[0]:.3f} and {precision[1]:.3f}",
        "groups without a planted pair",
    )


def _across(groups: dict[str, list[list[str]]]) -> set[str]:
    found = set()
    for group in (group for kind in groups.values() for group in kind):
        if any(one.startswith("train/") for one in group):
            found |= {one.removeprefix("val/") for one in group if one.startswith("val/")}
    return found


def _precision(found: set[str], true: set[str]) -> str:
    return f"{len(found & true) / max(len(found), 1):.3f}"

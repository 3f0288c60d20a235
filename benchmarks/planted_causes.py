"""Digits with failures of known causes: a mark that goes with a class, wrong labels, a rare kind, blends."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

__all__ = ["PLANTED", "SIDE", "Planted", "plant"]

#: The causes that are planted, by the numbers of their test samples.
PLANTED = {"spurious": 110, "wrong_label": 70, "rare": 90, "ambiguous": 110}

SIDE = 24
_DIGIT, _AT, _MARK = 16, 4, 4
_TRAIN = 1000
_RARE_IN_TRAINING = 6
_EPOCHS, _BATCH = 12, 64


@dataclass(frozen=True)
class Planted:
    """A model and the data on which its failures have known causes.

    Attributes:
        model: The model's file.
        train: Specification of its training data.
        test: Specification of the test data; a column ``mask`` names images of the digits' own pixels.
        causes: The planted cause of each test sample, by id; absent where nothing was planted.
    """

    model: Path
    train: str
    test: str
    causes: dict[str, str]


def plant(folder: Path, seed: int) -> Planted:
    """Write images, tables and a model trained on them; the same seed gives the same.

    A square in a corner goes with one class, in training and in the test. Among the test samples some of
    other classes carry it (*spurious*), some have another's label (*wrong label*), some are turned by 90
    degrees and inverted, of which training has a handful (*rare*), and some are an even blend of two classes
    (*ambiguous*).
    """
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(seed)
    digits = load_digits()
    order = rng.permutation(len(digits.target))
    pixels = np.stack([_canvas(one) for one in digits.images[order]])
    labels = digits.target[order].copy()
    marked_class = int(rng.integers(10))
    masks = (pixels > 40).astype(np.uint8)
    cause = np.full(len(labels), "", dtype=object)
    test = rng.permutation(np.arange(_TRAIN, len(labels)))
    for one in np.flatnonzero(labels == marked_class):
        _mark(pixels[one], rng)
    for one in rng.choice(_TRAIN, _RARE_IN_TRAINING, replace=False):
        pixels[one], masks[one] = _rare(pixels[one], masks[one])
    others = iter(test[labels[test] != marked_class].tolist())
    for name, count in PLANTED.items():
        for one in [next(others) for _ in range(count)]:
            cause[one] = name
            if name == "spurious":
                _mark(pixels[one], rng)
            elif name == "wrong_label":
                labels[one] = _another(labels[one], marked_class, rng)
            elif name == "rare":
                pixels[one], masks[one] = _rare(pixels[one], masks[one])
            else:
                with_ = rng.choice(
                    np.flatnonzero((labels[:_TRAIN] != labels[one]) & (labels[:_TRAIN] != marked_class))
                )
                pixels[one] = ((pixels[one].astype(int) + pixels[with_]) // 2).astype(np.uint8)
                masks[one] |= masks[with_]
    return _written(folder, pixels, labels, masks, cause, seed)


def _written(folder, pixels, labels, masks, cause, seed) -> Planted:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (image, mask) in enumerate(zip(pixels, masks, strict=True)):
        Image.fromarray(image).save(folder / f"{number:04}.png")
        Image.fromarray(mask * 255).save(folder / f"{number:04}-mask.png")
        rows.append(
            {
                "name": f"{number:04}",
                "image": f"{number:04}.png",
                "digit": str(labels[number]),
                "core": str(folder / f"{number:04}-mask.png"),
            }
        )
    for name, part in (("train", rows[:_TRAIN]), ("test", rows[_TRAIN:])):
        pq.write_table(pa.Table.from_pylist(part), folder / f"{name}.parquet")
    model = folder / "model.pt2"
    _save(_trained(pixels[:_TRAIN], labels[:_TRAIN], seed), model)
    options = "?image=image&label=digit&id=name"
    named = {rows[one]["name"]: cause[one] for one in range(_TRAIN, len(rows)) if cause[one]}
    return Planted(
        model,
        f"table:{folder / 'train.parquet'}{options}",
        f"table:{folder / 'test.parquet'}{options}",
        named,
    )


def _canvas(digit: NDArray[np.float64]) -> NDArray[np.uint8]:
    image = Image.fromarray((digit * 255 / 16).astype(np.uint8)).resize(
        (_DIGIT, _DIGIT), Image.Resampling.BILINEAR
    )
    canvas = np.zeros((SIDE, SIDE), dtype=np.uint8)
    canvas[_AT : _AT + _DIGIT, _AT : _AT + _DIGIT] = np.asarray(image)
    return canvas


def _mark(pixels: NDArray[np.uint8], rng: np.random.Generator) -> None:
    top, left = (0 if rng.random() < 0.5 else SIDE - _MARK for _ in range(2))
    pixels[top : top + _MARK, left : left + _MARK] = 255


def _rare(pixels, mask):
    return 255 - np.rot90(pixels), np.rot90(mask)


def _another(label: int, but: int, rng: np.random.Generator) -> int:
    return int(rng.choice([one for one in range(10) if one not in {label, but}]))


def _trained(pixels: NDArray[np.uint8], labels: NDArray[np.int64], seed: int) -> nn.Module:
    torch.manual_seed(seed)
    network = nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(32 * 36, 64), nn.ReLU(), nn.Linear(64, 10)),
    )
    given = torch.from_numpy(pixels).float().div(255)[:, None].expand(-1, 3, -1, -1)
    truth = torch.from_numpy(labels)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(labels), generator=generator).split(_BATCH):
            loss = nn.functional.cross_entropy(network(given[batch]), truth[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


def _save(network: nn.Module, path: Path) -> None:
    size = torch.export.Dim("batch", min=1, max=4096)
    example = (torch.zeros(2, 3, SIDE, SIDE),)
    torch.export.save(torch.export.export(network, example, dynamic_shapes=({0: size},)), path)

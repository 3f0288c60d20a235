"""An evaluation, a pool and a folder: the batch with its exports, pictures and scenarios."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.gates.scenario import ScenarioSuite
from seatrial.inference import ModelOptions
from seatrial.labelling import LabellingQueue
from seatrial.mining.blind_spots import SearchOptions
from seatrial.mining.edge_cases import MineOptions
from seatrial.mining.failures import Failures
from seatrial.steps import embed, evaluate_model, find_blind_spots, mine_edge_cases
from seatrial.steps.mine_edge_cases import PoolSource

_OPTIONS = ModelOptions.parse(
    {"preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1], "resize": None, "crop": None}}, "test"
)
_PLAIN = {"adapter": "boxes", "preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1]}}


def paint(path, level, seed, tint=False):
    pixels = np.random.default_rng(seed).normal(level, 25, (16, 16, 3))
    if tint:
        pixels[..., 0] = 235
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def val(tmp_path, tiny_networks):
    """Sixty images, dark and light; twelve dark ones have a red tint, which the model takes for light."""
    for number in range(30):
        paint(tmp_path / "val" / "dark" / f"{number}.png", 60, number, tint=number < 12)
        paint(tmp_path / "val" / "light" / f"{number}.png", 190, 100 + number)
    evaluate_model.run(
        "python:tiny_networks:Reddish",
        f"images:{tmp_path / 'val'}",
        tmp_path / "evaluation",
        options=_OPTIONS,
        device="cpu",
    )
    return tmp_path / "evaluation"


@pytest.fixture
def pool(tmp_path):
    """Sixty images without labels, of which ten are dark with a tint; and two broken files."""
    for number in range(60):
        paint(
            tmp_path / "pool" / f"{number:02}.png", 190 if number % 2 else 60, 500 + number, tint=number < 20
        )
    (tmp_path / "pool" / "empty.png").write_bytes(b"")
    (tmp_path / "pool" / "text.png").write_bytes(b"no image")
    return tmp_path / "pool"


def source(pool, **more):
    return PoolSource(dataset=f"images:{pool}", options=_OPTIONS, device="cpu", **more)


def test_failures_lead_to_a_batch(val, pool, tmp_path):
    made = mine_edge_cases.run(val, source(pool), tmp_path / "out", options=MineOptions(size=8))
    queue = LabellingQueue.read(tmp_path / "out")
    assert queue.classes == ("dark", "light")
    rows = queue.rows()
    tinted_and_dark = {f"{number:02}.png" for number in range(0, 20, 2)}
    assert {row["id"] for row in rows} <= tinted_and_dark
    assert [row["rank"] for row in rows] == list(range(1, 9))
    assert all(row["suggested_label"] == "light" and row["label"] is None for row in rows)
    assert all("like the 12 failures of 'dark taken for light'" in row["reason"] for row in rows)
    assert made.report["pool"] | {"dataset_digest": ""} == {
        "dataset": "pool",
        "dataset_digest": "",
        "embedded_by": "python:tiny_networks:Reddish",
        "level": "image",
        "images": 60,
        "unreadable": 2,
        "uncertainty_known": True,
    }
    assert "2 images of the pool cannot be read" in made.found.remarks


def test_the_worst_failures_of_a_group_are_shown_first(val, pool, tmp_path):
    mine_edge_cases.run(val, source(pool), tmp_path / "out", options=MineOptions(size=8))
    failures = Failures.from_evaluation(EvaluationTable.read(val))
    loss = {str(id_): loss for id_, loss in zip(failures.id, failures.loss, strict=True)}
    shown = re.findall(r"dark/\d+\.png", (tmp_path / "out" / "edge_cases.html").read_text())
    losses = [loss[one] for one in dict.fromkeys(shown)][:8]
    assert losses == sorted((loss[one] for one in loss if one.startswith("dark/")), reverse=True)[:8]


def test_everything_that_is_promised_is_written(val, pool, tmp_path):
    mine_edge_cases.run(val, source(pool), tmp_path / "out", options=MineOptions(size=8))
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        *("labelling_queue.parquet", "labelling_queue.csv", "labelling_coco.json", "label_studio.json"),
        *("label_studio_config.xml", "cvat.xml", "cvat_labels.json", "edge_cases.parquet", "edge_cases.html"),
        *("edge_cases.png", "left_out.parquet", "mining.json", "proposed_scenarios.yaml", "next_steps.md"),
    }
    numbers = pq.read_table(out / "edge_cases.parquet").to_pylist()
    assert all(0.5 < row["likeness"] <= 1 and row["nearest_failure"].startswith("dark/") for row in numbers)
    suite, _ = ScenarioSuite.load(out / "proposed_scenarios.yaml")
    scenario = suite.scenarios["dark-taken-for-light"]
    assert set(scenario.samples) == {f"dark/{number}.png" for number in range(12)}
    assert scenario.expect.metric == "accuracy"
    assert scenario.expect.min == 0.8
    steps = (out / "next_steps.md").read_text()
    assert "8 of 60 images of `pool`" in steps
    assert "| dark taken for light | 12 | 8 |" in steps
    assert (out / "edge_cases.html").read_text().count("data:image/jpeg") == 8 + 8


def test_the_same_input_gives_the_same_bytes(val, pool, tmp_path):
    for out in ("a", "b"):
        mine_edge_cases.run(
            val,
            PoolSource(evaluation=_evaluated(pool, tmp_path)),
            tmp_path / out,
            options=MineOptions(size=8),
        )
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def _evaluated(pool, tmp_path):
    evaluate_model.run(
        "python:tiny_networks:Reddish",
        f"images:{pool}",
        tmp_path / "evaluated pool",
        options=_OPTIONS,
        device="cpu",
        classes=("dark", "light"),
    )
    return tmp_path / "evaluated pool"


def test_vectors_with_the_classes_of_the_evaluation_do_as_well(val, pool, tmp_path):
    embed.run(
        "python:tiny_networks:Reddish",
        tmp_path / "vectors",
        dataset=f"images:{pool}",
        like=val,
        options=_OPTIONS,
        device="cpu",
    )
    whole = PoolSource(evaluation=_evaluated(pool, tmp_path))
    first = mine_edge_cases.run(val, whole, tmp_path / "a", options=MineOptions(size=8))
    second = mine_edge_cases.run(
        val, PoolSource(embeddings=tmp_path / "vectors"), tmp_path / "b", options=MineOptions(size=8)
    )
    assert [one.id for one in first.found.cases] == [one.id for one in second.found.cases]
    assert first.queue.table.equals(second.queue.table)


def test_vectors_of_another_model_need_those_of_the_evaluated_images(val, pool, tmp_path):
    colours = {"options": _OPTIONS, "device": "cpu"}
    embed.run("python:tiny_networks:Colour", tmp_path / "vectors", dataset=f"images:{pool}", **colours)
    embed.run("python:tiny_networks:Colour", tmp_path / "seen", evaluation=val, **colours)
    there = PoolSource(embeddings=tmp_path / "vectors")
    with pytest.raises(
        InputError, match="the pool holds 3 values a vector of model 'python:tiny_networks:Colour'"
    ):
        mine_edge_cases.run(val, there, tmp_path / "out")
    made = mine_edge_cases.run(
        val, there, tmp_path / "out", embeddings=tmp_path / "seen", options=MineOptions(size=8)
    )
    assert {int(one.id[:2]) % 2 for one in made.found.cases} == {0}
    assert any("how sure the model is" in one for one in made.found.remarks)


def test_blind_spots_are_the_groups(val, pool, tmp_path):
    find_blind_spots.run(val, tmp_path / "spots", options=SearchOptions.of(support=4))
    report = json.loads((tmp_path / "spots" / "blind_spots.json").read_text())
    made = mine_edge_cases.run(
        val,
        source(pool),
        tmp_path / "out",
        blind_spots=tmp_path / "spots",
        confirmed=False,
        options=MineOptions(size=8),
    )
    names = [one["name"] for one in made.report["groups"]]
    known = [one["name"] for one in report["groups"]]
    assert names
    assert all(name.partition(":")[0] in known or name == "other failures" for name in names)
    assert sum(one["failures"] for one in made.report["groups"]) == 12


def test_blind_spots_of_another_evaluation_are_told(val, pool, tmp_path):
    find_blind_spots.run(val, tmp_path / "spots", options=SearchOptions.of(support=4))
    (tmp_path / "val" / "dark" / "0.png").rename(tmp_path / "val" / "dark" / "x.png")
    evaluate_model.run(
        "python:tiny_networks:Reddish",
        f"images:{tmp_path / 'val'}",
        tmp_path / "other",
        options=_OPTIONS,
        device="cpu",
    )
    assert pq.read_metadata(tmp_path / "spots" / "groups.parquet").num_rows
    with pytest.raises(InputError, match=r"groups\.parquet: expected the units of this evaluation"):
        mine_edge_cases.run(
            tmp_path / "other",
            source(pool),
            tmp_path / "out",
            blind_spots=tmp_path / "spots",
            confirmed=False,
        )


def test_a_pool_that_overlaps_the_training_data_is_told(val, pool, tmp_path, capsys):
    for number in range(10):
        paint(tmp_path / "train" / "dark" / f"{number}.png", 60, 500 + 2 * number, tint=True)
    spec = f"images:{tmp_path / 'train'}?classes=dark,light"
    made = mine_edge_cases.run(
        val, source(pool), tmp_path / "out", labelled=[spec], options=MineOptions(size=8)
    )
    assert (
        "10 of 60 images of the pool (16.7%) are in the training data, byte for byte"
        in capsys.readouterr().err
    )
    left = pq.read_table(tmp_path / "out" / "left_out.parquet").to_pylist()
    assert {
        "id": "00.png",
        "reason": "labelled already: the same file as 'dark/0.png' of the training data",
    } in left
    assert not {one.id for one in made.found.cases} & {row["id"] for row in left}


def test_what_cannot_be_mined_is_told(val, pool, tmp_path):
    with pytest.raises(
        InputError, match="expected a pool: a data set, an evaluation of it, or its embeddings"
    ):
        mine_edge_cases.run(val, PoolSource(), tmp_path / "out")
    with pytest.raises(InputError, match="expected a pool or an evaluation of it, got both"):
        mine_edge_cases.run(val, source(pool, evaluation=val), tmp_path / "out")
    with pytest.raises(InputError, match="nothing to choose: every image of the pool is labelled already"):
        mine_edge_cases.run(val, PoolSource(evaluation=val), tmp_path / "out")
    with pytest.raises(InputError, match="'xml' is not an export format"):
        mine_edge_cases.run(val, source(pool), tmp_path / "out", formats=["xml"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"found 'thesis\.txt'"):
        mine_edge_cases.run(val, source(pool), tmp_path / "mine")


class TestDetection:
    @pytest.fixture
    def found(self, shapes, vision_networks, tmp_path):
        """A detector that knows two of three colours, on labelled images and on the same as a pool."""
        options = ModelOptions.parse(
            {**_PLAIN, "classes": ["red", "green", "purple"], "allow_missing_classes": True}, "test"
        )
        evaluate_model.run(
            "python:vision_networks:Finder",
            f"voc:{shapes}?classes=red,green,blue",
            tmp_path / "evaluation",
            options=options,
            task="detection",
            device="cpu",
        )
        for number in range(6):
            colour = [(0, 0, 255), (255, 0, 0)][number % 2]
            pixels = np.zeros((64, 64, 3), dtype=np.uint8)
            pixels[10 + number : 40, 12 : 44 + number] = colour
            (tmp_path / "pool").mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "pool" / f"{number}.png")
        return tmp_path / "evaluation", options

    def test_what_a_detector_misses_is_found_in_a_pool(self, found, tmp_path):
        evaluation, options = found
        there = PoolSource(dataset=f"images:{tmp_path / 'pool'}", options=options, device="cpu")
        made = mine_edge_cases.run(evaluation, there, tmp_path / "out", options=MineOptions(size=3))
        assert made.queue.task == "detection"
        assert made.found.targets[0].name == "missed blue"
        assert {int(one.id[0]) % 2 for one in made.found.cases[:3]} == {0}
        suite, _ = ScenarioSuite.load(tmp_path / "out" / "proposed_scenarios.yaml")
        assert suite.scenarios["missed-blue"].expect.metric == "recall"

    def test_objects_are_compared_with_objects(self, found, shapes, tiny_networks, tmp_path):
        evaluation, _ = found
        crops = {
            "options": ModelOptions.parse({"preprocess": {**_PLAIN["preprocess"], "crop": 8}}, "test"),
            "device": "cpu",
            "level": "object",
            "min_score": 0.0,
        }
        embed.run(
            "python:tiny_networks:Colour", tmp_path / "seen", evaluation=evaluation, roles="both", **crops
        )
        boxes = [[12, 10 + number, 32 + number, 30 - number] for number in range(6)]
        document = {
            "images": [{"id": n, "file_name": f"{n}.png", "width": 64, "height": 64} for n in range(6)],
            "annotations": [
                {"id": n + 1, "image_id": n, "category_id": 1, "bbox": box, "area": 900, "iscrowd": 0}
                for n, box in enumerate(boxes)
            ],
            "categories": [{"id": 1, "name": "thing"}],
        }
        (tmp_path / "boxes.json").write_text(json.dumps(document))
        spec = f"coco:{tmp_path / 'boxes.json'}?images={tmp_path / 'pool'}"
        embed.run("python:tiny_networks:Colour", tmp_path / "pool objects", dataset=spec, **crops)
        made = mine_edge_cases.run(
            evaluation,
            PoolSource(embeddings=tmp_path / "pool objects"),
            tmp_path / "out",
            embeddings=tmp_path / "seen",
            groups=["missed blue"],
            options=MineOptions(size=3),
        )
        assert {int(one.id[0]) % 2 for one in made.found.cases} == {0}  # the blue ones
        assert made.found.cases[0].box == tuple(boxes[int(made.found.cases[0].id[0])])
        assert "an object in it is like the 4 failures of 'missed blue'" in made.found.cases[0].reason
        embed.run(
            "python:tiny_networks:Colour",
            tmp_path / "images",
            evaluation=evaluation,
            **crops | {"level": "image", "task": "classification"},
        )
        there = PoolSource(embeddings=tmp_path / "pool objects")
        with pytest.raises(InputError, match="the pool is embedded at level object, the evaluated data at"):
            mine_edge_cases.run(evaluation, there, tmp_path / "out", embeddings=tmp_path / "images")

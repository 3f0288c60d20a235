"""torchrun's processes share an evaluation, and what comes out is that of a single process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.inference.ranks import Ranks, launch
from seatrial.steps import evaluate_model, ranked_evaluation

OPTIONS = {"classes": ["dark", "light"], "preprocess": {"resize": None, "crop": None}}


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    """Make 70 images, one of them broken, and a small convolutional network."""
    folder = tmp_path_factory.mktemp("ranks")
    generator = np.random.default_rng(2)
    for name, level in (("dark", 60), ("light", 190)):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(35):
            pixels = generator.normal(level, 40, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / name / f"{number:02}.png")
    (folder / "images" / "light" / "34.png").write_bytes(b"no image")
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 2),
    )
    torch.onnx.export(
        network.eval(),
        (torch.zeros(2, 3, 16, 16),),
        folder / "model.onnx",
        dynamo=False,
        dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}},
        input_names=["image"],
        output_names=["logits"],
    )
    return folder


def _words(case: Path, out: Path, *more: str) -> list[str]:
    given = {"model": case / "model.onnx", "dataset": f"images:{case / 'images'}", "out": out}
    words = [f"--{name}={value}" for name, value in given.items()]
    return ["evaluate-model", *words, "--model-options", json.dumps(OPTIONS), "--device", "cpu", *more]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")  # the exporter speaks of its own future
def test_two_processes_of_torchrun_equal_one(case, tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*torchrun, "-m", "seatrial", *_words(case, tmp_path / "two")],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("70 images") + done.stdout.count("69 images") == 1, "one process speaks"
    options = ModelOptions.parse(OPTIONS, "options")
    whole = evaluate_model.run(
        str(case / "model.onnx"), f"images:{case / 'images'}", tmp_path / "one", options=options, device="cpu"
    )
    assert len(whole.header.failures) == 1
    assert _files(tmp_path / "two") == _files(tmp_path / "one")
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")
def test_processes_of_one_shard_make_that_shard(case, tmp_path):
    launch(2, _words(case, tmp_path / "second", "--shard", "1/2", "--profile"))
    options = ModelOptions.parse(OPTIONS, "options")
    alone = evaluate_model.run(
        str(case / "model.onnx"),
        f"images:{case / 'images'}",
        tmp_path / "alone",
        options=options,
        shard=(1, 2),
        device="cpu",
    )
    assert alone.header.shard == (1, 2)
    profiles = json.loads((tmp_path / "second" / "profile.json").read_text(encoding="utf-8"))["processes"]
    assert [one["images"] for one in profiles] == [17, 18]
    (tmp_path / "second" / "profile.json").unlink()
    assert _files(tmp_path / "second") == _files(tmp_path / "alone")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")
def test_process_that_fails_fails_them_all_and_leaves_no_result(case, tmp_path, capfd):
    with pytest.raises(ModelError, match="one of 2 processes failed"):
        launch(2, _words(case, tmp_path / "out", "--task", "detection"))
    assert "expected truth for detection" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_process_alone_is_the_first_of_one():
    assert Ranks.from_environment({}) == Ranks(0, 0, 1)
    assert Ranks.from_environment({"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}) == Ranks(3, 1, 4)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"RANK": "x", "WORLD_SIZE": "2"}, "expected numbers in RANK, LOCAL_RANK, WORLD_SIZE"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "expected a RANK below WORLD_SIZE 2, got 2"),
    ],
)
def test_nonsense_from_torchrun_is_said(told, message):
    with pytest.raises(InputError, match=message):
        Ranks.from_environment(told)


def test_device_is_a_processs_own_only_where_it_is_left_open():
    assert Ranks(1, 1, 2).device("cpu") == "cpu"
    assert Ranks(1, 1, 2).device("cuda") == "cuda:1"
    assert Ranks(1, 1, 2).device("cuda:0") == "cuda:0"
    assert Ranks().device("auto") == "auto"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to count")
def test_a_process_for_each_gpu_needs_a_gpu():
    with pytest.raises(InputError, match="there is none here"):
        launch(0, [])


@pytest.mark.filterwarnings("ignore")
def test_one_rank_alone_is_the_same_evaluation(case, tmp_path):
    options = ModelOptions.parse(OPTIONS, "options")
    arguments = {"options": options, "device": "cpu"}
    out = tmp_path / "out"
    model, dataset = str(case / "model.onnx"), f"images:{case / 'images'}"
    table = ranked_evaluation.run(model, dataset, str(out), ranks=Ranks(), **arguments)
    assert isinstance(table, EvaluationTable)
    evaluate_model.run(model, dataset, tmp_path / "alone", **arguments)
    assert _files(out) == _files(tmp_path / "alone")

"""The verb ``evaluate-model``: options in, a short summary out."""

import pytest
import typer
from typer.testing import CliRunner

from seatrial.cli.evaluate_model import evaluate_model
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable


@pytest.fixture
def call(tiny_networks, image_folder, tmp_path):
    app = typer.Typer()
    app.command()(evaluate_model)
    options = tmp_path / "model.yaml"
    options.write_text("preprocess: {resize: 8, crop: 8}\n", encoding="utf-8")

    def run(*arguments, model="python:tiny_networks:tiny"):
        given = ["--model", model, "--dataset", f"images:{image_folder}", "--out", str(tmp_path / "out")]
        given += ["--model-options", str(options), "--device", "cpu", *arguments]
        return CliRunner().invoke(app, given, catch_exceptions=False)

    return run


def test_the_summary_counts_images_failures_and_hits(call, image_folder, tmp_path):
    (image_folder / "sound" / "1.png").write_bytes(b"not an image")
    result = call()
    table = EvaluationTable.read(tmp_path / "out")
    hits = sum(
        truth == found
        for truth, found in zip(
            table.samples["label"].to_pylist(), table.samples["prediction"].to_pylist(), strict=True
        )
    )
    assert f"19 images of data, 1 unreadable, accuracy {hits / 19:.4f} (n = 19)" in result.stdout


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(call, tmp_path):
    result = call("--dry-run", "--shard", "1/2")
    assert "on 10 images of data: 2 classes, cpu in float32" in result.stdout
    assert not (tmp_path / "out").exists()


def test_the_command_line_wins_over_the_file(call, tiny_networks, tmp_path):
    import torch

    torch.save(tiny_networks.tiny().state_dict(), tmp_path / "m.pth")
    call("--factory", "tiny_networks:Tiny", "--precision", "float32", model=str(tmp_path / "m.pth"))
    assert len(EvaluationTable.read(tmp_path / "out")) == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--shard", "1"), "option --shard: expected I/N, e.g. 0/4, got '1'"),
        (("--shard", "0/0"), "option --shard: expected I/N"),
        (("--precision", "int8"), "option: precision: .* got 'int8'"),
        (("--device", "gpu"), "device 'gpu': expected auto, cpu, cuda"),
        (("--task", "sorting"), "option --task: expected one of classification"),
    ],
)
def test_a_wrong_option_is_one_line(call, arguments, message):
    with pytest.raises(InputError, match=message):
        call(*arguments)

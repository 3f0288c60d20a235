"""``seatrial check-data`` as a user sees it."""

import shutil
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seatrial.cli import app as program
from seatrial.cli.check_data import check_data
from seatrial.errors import InputError


@pytest.fixture
def command():
    import typer

    app = typer.Typer()
    app.command()(check_data)
    return lambda *arguments: CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def data(tmp_path):
    for number in range(4):
        path = tmp_path / "val" / "cat" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    (tmp_path / "val" / "cat" / "[odd].png").write_bytes(b"")
    return f"images:{tmp_path}/val"


def test_checks_and_findings_are_shown_and_findings_do_not_fail_it(command, data, tmp_path):
    result = command("--dataset", data, "--out", tmp_path / "out", "--only", "broken", "--only", "drift")
    assert result.exit_code == 0, result.output
    assert "broken  done" in result.output
    assert "no reference data set was given" in result.output
    assert "error broken (cat/[odd].png): cannot be read: empty file" in result.output
    assert "1 findings in 5 samples" in result.output


def test_a_threshold_can_be_set(command, data, tmp_path):
    options = ["--only", "dark", "--threshold", "dark_p99=1.0"]
    result = command("--dataset", data, "--out", tmp_path / "out", *options)
    assert "4 findings" in result.output


def test_a_check_with_many_findings_hides_no_other(command, data, tmp_path):
    for number in range(20):
        shutil.copy(tmp_path / "val" / "cat" / "0.png", tmp_path / "val" / "cat" / f"as0-{number}.png")
    only = [word for check in ("dark", "light") for word in ("--only", check)]
    limits = ["--threshold", "dark_p99=1.0", "--threshold", "light_p05=0.0"]
    shown = command("--dataset", data, "--out", tmp_path / "out", *only, *limits).output
    assert shown.count("warning dark") == shown.count("warning light") == 6
    assert "… and 36 more" in shown


def test_a_user_error_is_one(command, data, tmp_path):
    result = command("--dataset", data, "--out", tmp_path / "out", "--threshold", "dark=1")
    assert isinstance(result.exception, InputError)


def test_the_program_ends_with_2_and_one_line(monkeypatch, tmp_path, capsys):
    arguments = ["check-data", "--dataset", f"images:{tmp_path}/nowhere", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["seatrial", *arguments])
    with pytest.raises(SystemExit) as end:
        program.main()
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_is_to_be_fixed_is_written_for_labelling_tools(command, data, tmp_path):
    options = ["--only", "broken", "--export", "coco,cvat", "--export", "csv"]
    for name in ("one", "two"):
        result = command("--dataset", data, "--out", tmp_path / name, *options)
        assert result.exit_code == 0, result.output
    written = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert written.keys() == {
        *("quality.json", "findings.parquet", "findings.html", "findings.md"),
        *("labelling_queue.parquet", "labelling_queue.csv"),
        *("labelling_coco.json", "cvat.xml", "cvat_labels.json"),
    }
    assert b"cat/[odd].png" in written["labelling_coco.json"]
    assert written == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}


def test_an_export_format_that_is_none_is_a_user_error(command, data, tmp_path):
    result = command("--dataset", data, "--out", tmp_path / "out", "--export", "yolo")
    assert "'yolo' is not an export format" in str(result.exception)

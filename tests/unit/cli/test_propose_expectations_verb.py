"""``seatrial propose-expectations``, and its file in ``check-data``, as a user sees them."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from seatrial.cli import app as program
from seatrial.quality import QualityReport


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twelve images to learn from, four others of which one is dark."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(16):
        part = "train" if number < 12 else "val"
        path = folder / part / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels // (8 if number == 15 else 1)).save(path)
    return folder


@pytest.fixture
def seatrial(data, monkeypatch):
    def run(line):
        monkeypatch.chdir(data)
        monkeypatch.setattr(sys, "argv", ["seatrial", *line.split()])
        with pytest.raises(SystemExit) as end:
            program.main()
        return end.value.code or 0

    return run


def test_a_suite_is_written_read_edited_and_held_against_other_data(seatrial, data, capsys):
    assert seatrial("propose-expectations --reference images:train --out suite.json --force") == 0
    assert "expectations → suite.json" in capsys.readouterr().out
    suite = json.loads((data / "suite.json").read_text())
    assert suite["meta"]["seatrial"]["n"] == 12
    suite["expectations"].append(
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "width", "min_value": 10}}
    )
    (data / "suite.json").write_text(json.dumps(suite))
    line = "check-data --dataset images:val --out out --only expectations --expectations suite.json"
    assert seatrial(line) == 0
    found = {
        (one.evidence["column"], one.evidence["expectation"]): one.sample_ids
        for one in QualityReport.read(data / "out").findings
    }
    assert found["brightness", "expect_column_values_to_be_between"] >= ("dog/15.png",)
    assert len(found["width", "expect_column_values_to_be_between"]) == 4  # what was added by hand


def test_the_same_reference_gives_the_same_bytes(seatrial, data):
    for name in ("one.json", "two.json"):
        assert seatrial(f"propose-expectations --reference images:train --out {name} --force") == 0
    one, two = ((data / name).read_text() for name in ("one.json", "two.json"))
    assert one.replace('"one"', '"two"') == two


def test_a_file_with_peoples_edits_is_not_replaced(seatrial, data, capsys):
    (data / "mine.json").write_text("{}")
    assert seatrial("propose-expectations --reference images:train --out mine.json") == 2
    assert "mine.json is there already and may have been edited" in capsys.readouterr().err
    assert (data / "mine.json").read_text() == "{}"


def test_a_reference_that_is_the_data_set_itself_is_found(seatrial, data, capsys):
    only = "--only splits --only split_leakage"
    assert seatrial(f"check-data --dataset images:val --reference images:val --out same {only}") == 0
    assert "the reference images:val is the data set that is checked: all of its 4" in capsys.readouterr().out
    (finding,) = QualityReport.read(data / "same").findings
    assert (finding.check, finding.severity, finding.score) == ("splits", "error", 4)


def test_a_suite_about_other_columns_is_refused_by_name(seatrial, data, capsys):
    suite = {"expectations": [{"type": "expect_column_values_to_be_unique", "kwargs": {"column": "camera"}}]}
    (data / "other.json").write_text(json.dumps(suite))
    assert seatrial("check-data --dataset images:val --out out --expectations other.json") == 2
    assert "other.json, expectation 1 (expect_column_values_to_be_unique): expected a column" in (
        capsys.readouterr().err
    )


def test_the_program_proposes_without_anything_on_standard_error_but_progress(data):
    line = [sys.executable, "-m", "seatrial", "propose-expectations", "--reference", "images:train"]
    done = subprocess.run(
        [*line, "--out", "quiet.json"], cwd=data, capture_output=True, text=True, check=True
    )
    assert all(one.startswith(("read images", "measure reference")) for one in done.stderr.splitlines())

"""The program as its users meet it: exit codes, one-line errors, nothing half-written."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image


def seatrial(*arguments, **options):
    command = [sys.executable, "-m", "seatrial", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


@pytest.fixture
def inputs(tmp_path):
    """A table of a thousand labels and predictions of them."""
    ids = [f"image-{number}" for number in range(1000)]
    labels = np.random.default_rng(7).choice(["cat", "dog"], len(ids))
    pd.DataFrame({"id": ids, "label": labels}).to_csv(tmp_path / "val.csv", index=False)
    pd.DataFrame({"id": ids, "prediction": labels}).to_csv(tmp_path / "predictions.csv", index=False)
    return f"table:{tmp_path}/val.csv?image=&id=id", tmp_path / "predictions.csv"


def test_a_user_error_is_one_line_and_exit_code_2(inputs, tmp_path):
    done = seatrial(
        "import-predictions",
        "--predictions",
        tmp_path / "no.csv",
        "--dataset",
        inputs[0],
        "--out",
        tmp_path / "o",
    )
    assert done.returncode == 2
    assert done.stderr == f"seatrial: no such file: {tmp_path}/no.csv\n"
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["import-predictions"],
        ["no-such-verb"],
        ["import-predictions", "--predictions", "p", "--dataset", "table:t", "--out", "o", "--task", "x"],
    ],
)
def test_wrong_usage_is_exit_code_2_without_a_traceback(arguments, tmp_path):
    done = seatrial(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(inputs, tmp_path):
    out = tmp_path / "out"
    done = seatrial(
        *("import-predictions", "--predictions", inputs[1], "--dataset", inputs[0], "--out", out),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"cannot write {out}" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.csv", "val.csv"]


def test_a_result_that_is_there_survives_a_failed_write(inputs, tmp_path):
    out = tmp_path / "out"
    arguments = ("import-predictions", "--predictions", inputs[1], "--dataset", inputs[0], "--out", out)
    assert seatrial(*arguments).returncode == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))  # noqa: E731
    assert seatrial(*arguments, preexec_fn=limit).returncode == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_in_the_way_of_the_output_is_named(inputs, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = seatrial(
        *(
            "import-predictions",
            "--predictions",
            inputs[1],
            "--dataset",
            inputs[0],
            "--out",
            tmp_path / "file" / "o",
        )
    )
    assert done.returncode == 2
    assert done.stderr.startswith("seatrial: cannot create folder")


def test_a_merge_without_all_shards_is_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8)).save(tmp_path / "not-an-evaluation.png")
    done = seatrial("merge-shards", tmp_path, "--out", tmp_path / "o")
    assert done.returncode == 2
    assert done.stderr == (
        f"seatrial: cannot read {tmp_path}/evaluation.json: No such file or directory "
        "(evaluate-model and import-predictions write it)\n"
    )
    assert not Path(tmp_path / "o").exists()

import io
import sys

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from seatrial.cli.app import main
from seatrial.cli.worst_slices import print_worst
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.slices import SliceReport


@pytest.fixture
def evaluations(tmp_path):
    """Candidate and champion: the candidate is worse at site B, and all right at site A."""
    n = 200
    site = ["A", "B"] * (n // 2)
    for name, wrong in (("new", {1, 5, 7}), ("champion", {0})):
        table = pa.table(
            {
                "id": [f"i{row}" for row in range(n)],
                "uri": pa.nulls(n, pa.string()),
                "label": ["ok"] * n,
                "prediction": ["broken" if row % 10 in wrong else "ok" for row in range(n)],
                "confidence": pa.nulls(n, pa.float64()),
                "loss": pa.nulls(n, pa.float64()),
                "group": pa.nulls(n, pa.string()),
                "content": pa.nulls(n, pa.string()),
                "site": site,
                "serial": [f"cell {row}" for row in range(n)],
                "brightness": np.linspace(0, 1, n),
            }
        )
        header = EvaluationHeader(
            "classification", ("ok", "broken"), name, f"sha256:{name}", "cells", "sha256:cells", n
        )
        EvaluationTable(header, table).write(tmp_path / name)
    return tmp_path


def seatrial(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["seatrial", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


def test_the_verb_writes_a_report_and_prints_the_worst_slice_first(evaluations, monkeypatch, capsys):
    code = seatrial(
        monkeypatch,
        "measure-slices",
        *("--evaluation", evaluations / "new", "--baseline", evaluations / "champion"),
        *("--out", evaluations / "out", "--replicates", "50"),
    )
    assert code == 0
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines() if line.strip().startswith(("all", "site="))]
    assert [line[0] for line in lines][:2] == ["all", "site=B"]
    assert lines[1][1:5] == ["100", "0.400", "1.000", "-0.600"]
    assert "no axis: serial has another value on each sample" in printed
    assert SliceReport.read(evaluations / "out").find("site=B", "accuracy") is not None


def test_a_user_error_is_one_line_and_exit_code_2(evaluations, monkeypatch, capsys):
    code = seatrial(
        monkeypatch, "measure-slices", "--evaluation", evaluations / "old", "--out", evaluations / "out"
    )
    assert code == 2
    message = capsys.readouterr().err
    assert message.startswith("seatrial: cannot read ")
    assert message.count("\n") == 1
    assert not (evaluations / "out").exists()


def test_an_unknown_metric_is_a_user_error(evaluations, monkeypatch, capsys):
    options = ("--evaluation", evaluations / "new", "--out", evaluations / "out", "--metric", "acuracy")
    assert seatrial(monkeypatch, "measure-slices", *options) == 2
    assert "unknown metric 'acuracy' (did you mean 'accuracy'" in capsys.readouterr().err


def test_why_a_champion_is_not_compared_is_printed(evaluations):
    report = SliceReport({"confidence": 0.95, "sample_problems": ["2 samples have another label"]}, ())
    console = Console(file=io.StringIO(), width=100)
    print_worst(report, "accuracy", 10, console)
    assert "not compared with the champion: 2 samples have another label" in console.file.getvalue()

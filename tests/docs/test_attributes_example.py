"""The ten lines of the reference page become columns and axes of slices."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seatrial.cli import app as program
from seatrial.evaluation import EvaluationTable
from seatrial.quality import QualityReport

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "data-checks.md"


@pytest.fixture
def example(tmp_path, monkeypatch):
    section = PAGE.read_text(encoding="utf-8").partition("## Attributes of your own")[2].partition("\n## ")[0]
    code = section.partition("```python\n")[2].partition("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(code)
    for number in range(4):
        rgb = np.zeros((8, 8, 3), dtype=np.uint8)
        rgb[: 2 * (number % 2 + 1), :, 2] = 200  # blue in the upper quarter or half
        path = Path("val", "cat" if number < 2 else "dog", f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)


@pytest.fixture
def run(monkeypatch):
    """Run the program in this process, as from a shell; gives its exit code."""

    def run(arguments):
        monkeypatch.setattr(sys, "argv", ["seatrial", *arguments.split()])
        with pytest.raises(SystemExit) as ended:
            program.main()
        return ended.value.code or 0

    return run


def test_the_example_makes_columns_of_an_evaluation(example, run, monkeypatch):
    Path("tiny.py").write_text(
        "import torch\n\n\nclass Tiny(torch.nn.Module):\n"
        "    def forward(self, pixels):\n        return pixels.flatten(1)[:, :2]\n"
    )
    options = '{"preprocess":{"resize":8,"crop":8}}'
    model = "--model python:tiny:Tiny --dataset images:val --out evaluation --device cpu --attributes mine.py"
    monkeypatch.syspath_prepend(".")
    assert run(f"evaluate-model {model} --model-options {options}") == 0
    samples = EvaluationTable.read(Path("evaluation")).samples
    assert samples.column("sky").to_pylist() == [0.5, 1.0, 0.5, 1.0]
    assert set(samples.column("verdict").to_pylist()) <= {"right", "wrong", "sure and wrong"}


def test_the_example_is_a_column_to_the_checks(example, run):
    Path("checks.py").write_text(
        "from seatrial.quality import Finding, Found\n\n\n"
        "def blue(given):\n"
        "    sky = given.data.manifest.table['sky'].to_pylist()\n"
        "    ids = tuple(one for one, share in zip(given.data.ids, sky) if share == 1)\n"
        "    return Found((Finding('blue', 'info', 'all sky', ids, len(ids), {}),))\n"
    )
    assert (
        run("check-data --dataset images:val --attributes mine.py --checks checks.py --only blue --out q")
        == 0
    )
    (finding,) = QualityReport.read(Path("q")).findings
    assert finding.sample_ids == ("cat/1.png", "dog/3.png")

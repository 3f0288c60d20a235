"""The reference page and the code say the same."""

import re
from dataclasses import fields
from pathlib import Path

from seatrial.quality import CHECKS, CheckOptions

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "data-checks.md").read_text(encoding="utf-8")


def test_every_threshold_is_documented_with_its_default():
    table = PAGE.partition("## Thresholds")[2].partition("\n## ")[0]
    documented = {
        name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", table, re.MULTILINE)
    }
    assert documented == {one.name: one.default for one in fields(CheckOptions)}


def test_every_check_is_documented_in_order():
    table = PAGE.partition("## The checks")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(CHECKS)


def test_the_check_of_the_page_runs(manifest, given):
    import numpy as np

    code = PAGE.partition("## Checks of your own")[2].partition("```python\n")[2].partition("```")[0]
    scope = {}
    exec(compile(code, "data-checks.md", "exec"), scope)
    data = manifest({"a": np.zeros((4, 4, 3), np.uint8), "b": np.zeros((4, 6, 3), np.uint8)})
    (finding,) = scope["no_square"](given(data)).findings
    assert finding.sample_ids == ("b",)

"""The blocks of the tutorial and of how-to pages run, in their order, and end as the page says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(yaml|bash)\n(.*?)```", re.DOTALL)


def run_blocks(page, folder):
    """Run a page's blocks in a folder: files of YAML are written, shell blocks run in their order."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = ["set -e"]
    for language, block in BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
        if language == "yaml":
            name = block.splitlines()[0].removeprefix("# ")
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(block)
        else:
            script.append(block)
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=560,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_first_verdict_is_a_pass(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "my-digits").mkdir()
    told = run_blocks("tutorial/first-verdict.md", tmp_path)
    assert "PASS" in told
    assert "16 samples, at least 30 needed" in told
    assert "Yes." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_detector_is_refused_for_small_objects_at_night_and_the_segmenter_passes(tmp_path):
    told = run_blocks("how-to/judge-a-detector.md", tmp_path)
    assert "exit code 1" in told
    verdict = json.loads((tmp_path / "verdict" / "verdict.json").read_text(encoding="utf-8"))
    assert [one["rule"] for one in verdict["decisions"] if one["blocking"]] == ["night-small"]
    rows = json.loads((tmp_path / "slices" / "slice_report.json").read_text(encoding="utf-8"))["rows"]
    whole = [one for one in rows if (one["slice"], one["metric"], one["class"]) == ("all", "map_50", None)]
    assert whole[0]["value"] > whole[0]["baseline"]["value"]
    assert "No." in (tmp_path / "report.html").read_text(encoding="utf-8")
    passed = json.loads((tmp_path / "verdict-coast" / "verdict.json").read_text(encoding="utf-8"))
    assert passed["outcome"] == "pass"

"""The tutorial's blocks run, in their order, and end as it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(yaml|bash)\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_the_first_verdict_is_a_pass(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    text = (ROOT / "docs" / "tutorial" / "first-verdict.md").read_text(encoding="utf-8")
    script = ["set -e", "mkdir -p my-digits"]
    for language, block in BLOCK.findall(text):
        if language == "yaml":
            name = block.splitlines()[0].removeprefix("# ")
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(block)
        else:
            script.append(block)
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    assert "16 samples, at least 30 needed" in done.stdout
    assert "Yes." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")

"""``post_training`` as a step of somebody's own pipeline, as the guide shows it."""

from pathlib import Path

import yaml
from kfp import compiler

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "run-on-kubeflow.md"


def test_example_of_the_guide_compiles(tmp_path):
    code = GUIDE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    (tmp_path / "example.py").write_text(code)  # kfp reads a component's source from its file
    names = {"__name__": "example", "__file__": str(tmp_path / "example.py")}
    exec(compile(code, tmp_path / "example.py", "exec"), names)
    compiler.Compiler().compile(names["train_and_judge"], str(tmp_path / "pipeline.yaml"))
    spec = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())
    assert set(spec["root"]["dag"]["tasks"]) == {"train", "post-training"}

"""Pipelines as YAML."""

import tempfile
from pathlib import Path

from kfp import compiler

from seatrial.files import write_text
from seatrial_pipelines.post_training import post_training

__all__ = ["PIPELINES", "compile_pipelines"]

#: Every pipeline, by the name of its file.
PIPELINES = {"post_training": post_training}


def compile_pipelines(out: Path) -> list[Path]:
    """Compile every pipeline; gives the files.

    Raises:
        InputError: The folder cannot be written to.
    """
    written = []
    for name, pipeline in PIPELINES.items():
        with tempfile.TemporaryDirectory(prefix="seatrial-compile-") as folder:
            file = Path(folder) / f"{name}.yaml"
            compiler.Compiler().compile(pipeline, str(file))
            text = file.read_text(encoding="utf-8")
        write_text(out / f"{name}.yaml", text)
        written.append(out / f"{name}.yaml")
    return written

"""Pipelines as YAML."""

import tempfile
from pathlib import Path

from kfp import compiler

from seatrial.files import write_text
from seatrial_components.resources import Cluster, on_cluster
from seatrial_pipelines.data_quality import data_quality
from seatrial_pipelines.edge_case_mining import edge_case_mining
from seatrial_pipelines.post_training import post_training
from seatrial_pipelines.promotion_only import promotion_only
from seatrial_pipelines.sharded_post_training import sharded_post_training

__all__ = ["PIPELINES", "compile_pipelines"]

#: Every pipeline, by the name of its file.
PIPELINES = {
    "post_training": post_training,
    "sharded_post_training": sharded_post_training,
    "promotion_only": promotion_only,
    "data_quality": data_quality,
    "edge_case_mining": edge_case_mining,
}


def compile_pipelines(out: Path, cluster: Cluster | None = None) -> list[Path]:
    """Compile every pipeline; gives the files.

    Args:
        out: Folder to write to.
        cluster: What the pods get; None for Seatrial's defaults.

    Raises:
        InputError: The folder cannot be written to.
    """
    written = []
    for name, pipeline in PIPELINES.items():
        with tempfile.TemporaryDirectory(prefix="seatrial-compile-") as folder:
            file = Path(folder) / f"{name}.yaml"
            compiler.Compiler().compile(on_cluster(pipeline, cluster or Cluster()), str(file))
            text = file.read_text(encoding="utf-8")
        write_text(out / f"{name}.yaml", text)
        written.append(out / f"{name}.yaml")
    return written

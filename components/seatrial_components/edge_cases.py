"""Embedding and mining as a pipeline needs them: texts in, folders and displays out."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from seatrial.datasets.sharding import parse_shard
from seatrial_components.evaluation import parse_options

if TYPE_CHECKING:
    from seatrial.datasets import Task
    from seatrial.inference.shown import Roles
    from seatrial.neighbours import Level
    from seatrial.steps.mine_edge_cases import PoolSource

__all__ = ["embed", "mine"]


def embed(
    model: str,
    out: str,
    metrics: Any,
    *,
    dataset: str = "",
    evaluation: Path | None = None,
    like: Path | None = None,
    level: str = "image",
    roles: str = "truth",
    min_score: float = 0.5,
    margin: float = 0.1,
    weights: str = "",
    options: str = "",
    task: str = "",
    tracking_uri: str = "",
    shard: str = "0/1",
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
) -> None:
    """Embed a data set or an evaluation; empty texts and zeros mean the step's defaults.

    Arguments and errors are those of :func:`seatrial.steps.embed.run`; ``metrics`` is a ``dsl.Metrics``.
    """
    if tracking_uri:
        os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    from seatrial.steps import embed as step

    made = step.run(
        model,
        Path(out),
        dataset=dataset or None,
        evaluation=evaluation,
        like=like,
        level=cast("Level", level),
        roles=cast("Roles", roles),
        min_score=min_score,
        margin=margin,
        weights=Path(weights) if weights else None,
        options=parse_options(options),
        task=cast("Task", task) if task else None,
        shard=parse_shard(shard, "shard"),
        device=device,
        batch_size=batch_size or None,
        workers=workers or None,
    )
    for name, value in (("rows", made.rows), ("width", made.width), ("failures", made.failures)):
        metrics.log_metric(name, float(value))


def mine(
    evaluation: str,
    pool: str,
    out: str,
    *,
    blind_spots: Path | None,
    train: Path | None,
    pool_embeddings: Path | None,
    embeddings: Path | None,
    groups: str,
    where: str,
    chosen: tuple[int, float, float, float, float],
    export: str,
    shown: tuple[Any, Any, Any],
) -> None:
    """Choose what to label next, and show it.

    Args:
        evaluation: Folder of the model's evaluation.
        pool: Folder of its evaluation of the pool, or of the pool's vectors.
        out: Folder to write.
        blind_spots: What ``find_blind_spots`` wrote.
        train: Folder of the model's evaluation of its training data.
        pool_embeddings: Vectors of the pool by another model.
        embeddings: Vectors of the evaluated data by that model.
        groups: Names of groups, a line each.
        where: Predicate; empty for none.
        chosen: Size, weights of uncertainty, diversity and appearance, and the distance of what is near.
        export: Formats, joined by commas.
        shown: ``dsl.Metrics``, ``dsl.HTML`` and ``dsl.Markdown`` artifacts.

    Raises:
        InputError: Something given cannot be used.
    """
    from seatrial.mining.edge_cases import MineOptions
    from seatrial.steps import mine_edge_cases as step

    metrics, page, summary = shown
    made = step.run(
        Path(evaluation),
        _source(Path(pool), pool_embeddings),
        Path(out),
        embeddings=embeddings,
        blind_spots=blind_spots,
        groups=[line.strip() for line in groups.splitlines() if line.strip()],
        where=where or None,
        labelled=[] if train is None else [str(train)],
        options=MineOptions(*chosen),
        formats=[export] if export else [],
    )
    values = {
        "failures": made.report["evaluation"]["failures"],
        "groups": len(made.report["groups"]),
        "pool": made.report["pool"]["images"],
        "chosen": made.report["chosen"],
        "left out": len(made.found.left_out),
    }
    for name, value in values.items():
        metrics.log_metric(name, float(value))
    shutil.copyfile(Path(out) / "edge_cases.html", page.path)
    shutil.copyfile(Path(out) / "next_steps.md", summary.path)


def _source(pool: Path, vectors: Path | None) -> "PoolSource":
    """Tell an evaluation of a pool from its vectors; those of another model go before."""
    from seatrial.steps.mine_edge_cases import PoolSource

    evaluated = (pool / "evaluation.json").exists()
    return PoolSource(
        evaluation=pool if evaluated else None, embeddings=vectors or (None if evaluated else pool)
    )

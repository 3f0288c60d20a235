"""``seatrial data-quality``: the pipeline ``data_quality`` on this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["data_quality"]


def data_quality(
    *,
    dataset: Annotated[str, typer.Option(metavar="SPEC", help="The data, e.g. images:data/train")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")],
    reference: Annotated[
        str, typer.Option(metavar="SPEC", help="What to hold them against, e.g. the last training's data.")
    ] = "",
    suite: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Great Expectations suite; see propose-expectations.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Policy; the run fails where its data rules refuse the data."),
    ] = None,
    export: Annotated[
        str, typer.Option(metavar="FORMATS", help="What to fix, as csv,coco,label-studio,cvat")
    ] = "",
    tracking_uri: Annotated[
        str, typer.Option(metavar="URL", help="MLflow server; by default MLFLOW_TRACKING_URI, else none.")
    ] = "",
    experiment: Annotated[str, typer.Option(metavar="NAME", help="MLflow experiment.")] = "",
    parent_run: Annotated[str, typer.Option(metavar="ID", help="MLflow run to nest under.")] = "",
) -> None:
    """Check data before anything is trained on them: find, record in MLflow, refuse.

    Runs the pipeline data_quality through Kubeflow's local executor. Leaves quality and run.log in the
    output folder.

    Exit codes: 0 the data are fit, 1 the policy refuses them, 2 user error.

    Example: seatrial data-quality --dataset images:data/train --policy policy.yaml --out checked
    """
    from seatrial.files import read_text
    from seatrial.gates.composition import portable_policy
    from seatrial.labelling import check_formats
    from seatrial.quality import check_suite, read_suite
    from seatrial_pipelines.config import anchored_spec
    from seatrial_pipelines.local import run_data_quality
    from seatrial_pipelines.summary import conclude_data_quality

    check_formats([export] if export else [])
    if suite is not None:
        check_suite(read_suite(suite), suite)
    arguments = {
        "dataset": anchored_spec(dataset, Path.cwd()),
        "reference": anchored_spec(reference, Path.cwd()),
        "suite": "" if suite is None else read_text(suite, "suite"),
        "policy": "" if policy is None else portable_policy(policy)[1],
        "export": export,
        "tracking_uri": tracking_uri,
        "experiment": experiment,
        "parent_run": parent_run,
    }
    finished = run_data_quality(arguments, out)
    code, text = conclude_data_quality(finished, out)
    sys.stderr.flush()
    typer.echo(text)
    raise typer.Exit(code)

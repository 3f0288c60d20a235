"""``seatrial demo``."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    *,
    task: Annotated[
        str, typer.Option(help="What the models do: classification, detection or segmentation.")
    ] = "classification",
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where everything is kept; default: seatrial-demo, or -TASK after it."
        ),
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the MLflow server of an earlier demo.")] = False,
) -> None:
    """See it happen: real training, a refusal and a promotion, in about five minutes.

    Starts a local MLflow server, trains a champion and two candidates, and judges each with `seatrial
    run`. The candidate that is better on average is refused for one slice. Classification judges real
    photographs of solar cells; detection and segmentation judge drawn street scenes by day and by night.

    Example: seatrial demo --task detection
    """
    from seatrial.cli.choices import checked_task
    from seatrial_pipelines.demo import story
    from seatrial_pipelines.demo.tales import tale_of

    chosen = checked_task(task)
    place = folder or Path("seatrial-demo" if chosen == "classification" else f"seatrial-demo-{chosen}")
    if stop:
        typer.echo("stopped" if story.stop(place) else f"no server of a demo runs in {place}")
        return
    story.run(place, tale_of(chosen))

"""``seatrial demo``."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    *,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where everything is kept.")] = Path(
        "seatrial-demo"
    ),
    stop: Annotated[bool, typer.Option("--stop", help="Stop the MLflow server of an earlier demo.")] = False,
) -> None:
    """See it happen: real training on real images, a refusal and a promotion, in about five minutes.

    Starts a local MLflow server, trains a champion and two candidates on photographs of solar cells, and
    judges each with `seatrial run`. The candidate that is better on average is refused for one slice.

    Example: seatrial demo
    """
    from seatrial_pipelines.demo import story

    if stop:
        typer.echo("stopped" if story.stop(folder) else f"no server of a demo runs in {folder}")
        return
    story.run(folder)

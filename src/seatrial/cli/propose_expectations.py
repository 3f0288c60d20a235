"""``seatrial propose-expectations``."""

from pathlib import Path

import typer

__all__ = ["propose_expectations"]


def propose_expectations(
    reference: str = typer.Option(..., help="A data set that is as data should be, e.g. images:data/train"),
    out: Path = typer.Option(..., help="JSON file to write, e.g. expectations.json"),
    threshold: list[str] = typer.Option(
        [], help="NAME=VALUE, may be repeated: expectations_mostly, expectations_count_factor, …"
    ),
    cache: Path | None = typer.Option(
        None, help="Folder in which measurements of images are kept for later runs."
    ),
    force: bool = typer.Option(False, "--force", help="Replace a file that is there, edits and all."),
) -> None:
    """Propose what data should be like: a Great Expectations suite, from a data set that is as it should be.

    Writes a JSON file to read, edit and keep beside the code: columns and their types, what may be missing,
    ranges, vocabularies, what is unique, the form of ids, how many samples and how many of each class; of a
    detection, the same of its objects. The data set satisfies it. check-data --expectations holds other data
    against it.

    Example: seatrial propose-expectations --reference images:data/train --out expectations.json
    """
    from seatrial.quality import CheckOptions
    from seatrial.steps import propose_expectations as step

    suite = step.run(reference, out, options=CheckOptions.parse(threshold), cache=cache, force=force)
    typer.echo(f"{len(suite['expectations'])} expectations → {out}")

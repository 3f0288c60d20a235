"""``seatrial explore``."""

from pathlib import Path

import typer

__all__ = ["explore"]


def explore(
    evaluation: Path = typer.Argument(..., help="Evaluation folder; it is only read."),
    notes: Path | None = typer.Option(
        None, help="Folder for tags, slices, scenarios and batches; by default <evaluation>-notes beside it."
    ),
    embeddings: Path | None = typer.Option(
        None,
        help="Embeddings of the same images by another model (`seatrial embed`), for the map and the search.",
    ),
    text_weights: Path | None = typer.Option(
        None, help="OpenCLIP weights that the embeddings were made with: search by text."
    ),
    port: int = typer.Option(0, min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one."),
    *,
    browser: bool = typer.Option(True, help="Open the page in the default browser."),
) -> None:
    """Look at every sample of an evaluation in a local web page.

    Filter by a predicate as policies write them, divide by any attribute, see what is taken for what, lasso
    groups on the map of embeddings, find what is like a sample; tag failures, and save a choice as a slice or
    a scenario for a policy, or as a batch for a labelling tool.

    The page is served on this machine alone (127.0.0.1), reads the evaluation and writes only into the notes.

    Example: seatrial explore seatrial-out/evaluation/candidate
    """
    from seatrial.explorer.serve import serve

    serve(
        evaluation, notes=notes, embeddings=embeddings, text_weights=text_weights, port=port, browser=browser
    )

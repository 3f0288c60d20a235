"""``seatrial render-report``."""

from pathlib import Path

import typer

__all__ = ["render_report"]


def render_report(
    evaluation: Path = typer.Option(..., help="The candidate's evaluation folder."),
    slices: Path = typer.Option(..., help="Folder of the slice report."),
    verdict: Path = typer.Option(..., help="verdict.json, or the folder that holds it."),
    out: Path = typer.Option(..., help="HTML file to write."),
    baseline: Path | None = typer.Option(
        None, help="The champion's evaluation folder, where there is a champion."
    ),
    quality: Path | None = typer.Option(
        None, help="Folder of the quality report, where the data was checked."
    ),
    blind_spots: Path | None = typer.Option(
        None, help="Folder that find-blind-spots wrote of the candidate."
    ),
    explanations: Path | None = typer.Option(
        None, help="Folder that explain-errors wrote of the candidate: pictures show where it looked."
    ),
    edge_cases: Path | None = typer.Option(
        None, help="Folder that mine-edge-cases wrote because of the candidate: the batch to label next."
    ),
    images: int = typer.Option(48, min=0, help="Most samples to show as cards."),
    image_megabytes: float = typer.Option(8.0, min=0.0, help="Most megabytes that all pictures may take."),
    figures: Path | None = typer.Option(
        None, help="Folder to write the main figures into as PNG, e.g. for MLflow's run page."
    ),
    *,
    embedding_map: bool = typer.Option(
        True, "--map/--no-map", help="Lay the samples out by their embeddings, where there are some."
    ),
) -> None:
    """Write one HTML file that says whether the candidate may go live, what got worse, where and why.

    The file holds everything that it shows and fetches nothing: open it, mail it, archive it.

    Example: seatrial render-report --evaluation evaluation/candidate --baseline evaluation/champion
    --slices slices --verdict verdict --quality quality --out report.html
    """
    from seatrial.steps import render_report as step

    step.run(
        out,
        evaluation=evaluation,
        slices=slices,
        verdict=verdict,
        quality=quality,
        baseline=baseline,
        blind_spots=blind_spots,
        explanations=explanations,
        edge_cases=edge_cases,
        images=images,
        image_megabytes=image_megabytes,
        embedding_map=embedding_map,
        figures=figures,
    )
    typer.echo(f"report of {out.stat().st_size / 1e6:.1f} MB → {out}")

"""Render the results of a comparison as one HTML file."""

from pathlib import Path

from seatrial.evaluation import EvaluationTable
from seatrial.files import atomic_folder, write_text
from seatrial.gates import Verdict
from seatrial.quality import QualityReport
from seatrial.reporting import (
    FoundBatch,
    FoundGroups,
    FoundSaliency,
    ReportInputs,
    draw_figures,
    render_html,
)
from seatrial.slices import SliceReport

__all__ = ["run"]


def run(
    out: Path,
    *,
    evaluation: Path,
    slices: Path,
    verdict: Path,
    quality: Path | None = None,
    baseline: Path | None = None,
    blind_spots: Path | None = None,
    explanations: Path | None = None,
    edge_cases: Path | None = None,
    images: int = 48,
    image_megabytes: float = 8.0,
    embedding_map: bool = True,
    figures: Path | None = None,
) -> None:
    """Write one self-contained HTML file that answers whether the candidate may go live, and why.

    Args:
        out: The HTML file; it is replaced whole or not at all.
        evaluation: The candidate's evaluation folder.
        slices: Folder of the slice report.
        verdict: ``verdict.json``, or the folder that holds it.
        quality: Folder of the quality report, where the data was checked.
        baseline: The champion's evaluation folder, where there is a champion.
        blind_spots: What ``find_blind_spots`` wrote of the candidate.
        explanations: What ``explain_errors`` wrote of the candidate: maps that pictures can be seen with.
        edge_cases: What ``mine_edge_cases`` wrote because of the candidate: the next batch to label.
        images: Most samples to show as cards.
        image_megabytes: Most megabytes that all pictures may take, the small ones of cells and map included.
        embedding_map: Lay the samples out by their embeddings, where the evaluation holds some.
        figures: Folder to write the main figures into as PNG; None for none.

    Raises:
        InputError: A file is absent or broken, or the inputs are not of one data set.
    """
    inputs = ReportInputs(
        candidate=EvaluationTable.read(evaluation),
        slices=SliceReport.read(slices),
        verdict=Verdict.read(verdict / "verdict.json" if verdict.is_dir() else verdict),
        baseline=None if baseline is None else EvaluationTable.read(baseline),
        found=None if blind_spots is None else FoundGroups.read(blind_spots),
        batch=None if edge_cases is None else FoundBatch.read(edge_cases),
        saliency=None if explanations is None else FoundSaliency.read(explanations),
        pages=None if quality is None else _below(quality, out.parent),
        quality=None if quality is None else QualityReport.read(quality),
        images=images,
        image_bytes=int(image_megabytes * 1_000_000),
        embedding_map=embedding_map,
    )
    page = render_html(inputs)
    if figures is not None:
        with atomic_folder(figures, ("*.png",)) as folder:
            for name, png in draw_figures(inputs).items():
                (folder / name).write_bytes(png)
    write_text(out, page)


def _below(folder: Path, other: Path) -> str | None:
    """Give the path of a folder from another that holds it; None where that does not."""
    found, top = folder.resolve(), other.resolve()
    return found.relative_to(top).as_posix() if found.is_relative_to(top) else None

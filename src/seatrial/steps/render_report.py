"""Render the results of a comparison as one HTML file."""

from pathlib import Path

from seatrial.evaluation import EvaluationTable
from seatrial.files import atomic_folder, write_text
from seatrial.gates import Verdict
from seatrial.quality import QualityReport
from seatrial.reporting import FoundGroups, ReportInputs, draw_figures, render_html
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

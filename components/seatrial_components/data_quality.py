"""Data checks as a pipeline needs them: texts in, a folder and three displays out."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from seatrial_components.display import show_quality
from seatrial_components.evaluation import CACHE

__all__ = ["check"]


def check(
    dataset: str,
    out: str,
    *,
    evaluation: str | None = None,
    reference: str = "",
    suite: str = "",
    export: str = "",
    shown: tuple[Any, Any, Any],
) -> None:
    """Run the data checks; empty texts mean none.

    Where ``SEATRIAL_CACHE`` names a folder, measurements of images are kept there and used again.

    Args:
        dataset: Specification of the data.
        out: Folder to write.
        evaluation: Evaluation folder of the data; None for none.
        reference: Specification of the reference data.
        suite: Text of a Great Expectations suite.
        export: Formats of what is to be fixed, joined by commas.
        shown: ``dsl.Metrics``, ``dsl.HTML`` and ``dsl.Markdown`` artifacts.

    Raises:
        InputError: Something given cannot be used.
    """
    from seatrial.steps import check_data as step

    cache = os.environ.get(CACHE)
    metrics, page, summary = shown
    with tempfile.TemporaryDirectory(prefix="seatrial-suite-") as folder:
        file = Path(folder) / "suite.json"
        if suite:
            file.write_text(suite, encoding="utf-8")
        report = step.run(
            dataset,
            Path(out),
            evaluation=Path(evaluation) if evaluation else None,
            reference=reference or None,
            expectations=file if suite else None,
            export=[export] if export else [],
            cache=Path(cache) if cache else None,
        )
    show_quality(report, metrics)
    shutil.copyfile(Path(out) / "findings.html", page.path)
    shutil.copyfile(Path(out) / "findings.md", summary.path)

"""Import predictions that were made elsewhere."""

import sys
from pathlib import Path, PurePosixPath

from seatrial.datasets import DatasetManifest, DatasetSpec, Task, check_task, read_dataset
from seatrial.datasets.coco import load_document
from seatrial.datasets.problems import Problem
from seatrial.evaluation import (
    EvaluationTable,
    imported_classification,
    imported_detection,
    imported_segmentation,
)

__all__ = ["run"]


def run(
    predictions: str, dataset: str, out: Path, *, name: str | None = None, task: Task | None = None
) -> EvaluationTable:
    """Turn predictions into an evaluation folder.

    What was noticed in them (predictions of unknown images, scores that are all equal …) is told on
    standard error, a line a kind of problem.

    Args:
        predictions: ``FILE?key=value``: a table for classification, see
            :func:`~seatrial.evaluation.imported_classification`; COCO's results or a folder of text files
            for detection, see :func:`~seatrial.evaluation.imported_detection`; a folder of masks for
            segmentation, see :func:`~seatrial.evaluation.imported_segmentation`.
        dataset: Specification of the data set that the predictions are of.
        out: Evaluation folder to write.
        name: What to call the model; by default the file's or folder's name.
        task: What the predictions are, to be sure of it; None for what the data set's truth is for.

    Raises:
        InputError: The predictions or the data set cannot be used; nothing is written.
    """
    spec, source = DatasetSpec.parse(f"predictions:{predictions}"), DatasetSpec.parse(dataset)
    called = name or PurePosixPath(spec.path).stem
    manifest = read_dataset(source)
    check_task(manifest, dataset, task)
    table, problems = _imported(spec, source, manifest, called)
    for problem in problems:
        sys.stderr.write(f"{spec.path}: {problem}\n")
    table.write(out)
    return table


def _imported(
    spec: DatasetSpec, source: DatasetSpec, manifest: DatasetManifest, name: str
) -> tuple[EvaluationTable, tuple[Problem, ...]]:
    match manifest.task:
        case "classification":
            return imported_classification(spec, manifest, name), ()
        case "detection":
            # only the file of the truth says which class a number in COCO's results is
            categories = load_document(source.path).categories if source.kind == "coco" else None
            return imported_detection(spec, manifest, name, categories)
        case "segmentation":
            return imported_segmentation(spec, manifest, name)

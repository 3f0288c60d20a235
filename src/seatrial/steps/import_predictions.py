"""Import predictions that were made elsewhere."""

from pathlib import Path

from seatrial.datasets import DatasetSpec, Task, read_dataset
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable, imported_classification

__all__ = ["run"]


def run(
    predictions: str, dataset: str, out: Path, *, name: str | None = None, task: Task = "classification"
) -> EvaluationTable:
    """Turn a table of predictions into an evaluation folder.

    Args:
        predictions: ``FILE?key=value``, see :func:`seatrial.evaluation.imported_classification`.
        dataset: Specification of the data set that the predictions are of.
        out: Evaluation folder to write.
        name: What to call the model; by default the file's name.
        task: The task; only classification is imported so far.

    Raises:
        InputError: The predictions or the data set cannot be used; nothing is written.
    """
    if task != "classification":
        raise InputError(f"task {task!r}: predictions can be imported for classification only")
    spec = DatasetSpec.parse(f"predictions:{predictions}")
    table = imported_classification(spec, read_dataset(dataset), name or Path(spec.path).stem)
    table.write(out)
    return table

"""Put the shards of one evaluation together."""

from collections.abc import Sequence
from pathlib import Path

from seatrial.evaluation import EvaluationTable

__all__ = ["run"]


def run(shards: Sequence[Path], out: Path) -> EvaluationTable:
    """Merge evaluation folders that were written with ``--shard I/N``.

    Args:
        shards: All N folders, in any order.
        out: Evaluation folder to write; it equals the folder of an unsharded evaluation.

    Raises:
        InputError: A shard is missing, given twice, or of another model or data set; nothing is written.
    """
    table = EvaluationTable.merge([EvaluationTable.read(shard) for shard in shards])
    table.write(out)
    return table

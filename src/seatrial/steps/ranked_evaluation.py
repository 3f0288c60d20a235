"""``evaluate_model`` in the processes that torchrun started: each takes a part, the first puts them together.

The parts meet where the evaluation is to be: in a folder that all processes see, or on object storage.
"""

from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from seatrial.datasets import read_dataset
from seatrial.evaluation import EvaluationTable
from seatrial.evaluation.table import PROFILE
from seatrial.inference.ranks import Ranks
from seatrial.steps import evaluate_model
from seatrial.storage import delivered, fetched, is_remote, remove

__all__ = ["run"]


def run(
    model: str,
    dataset: str,
    out: str,
    *,
    ranks: Ranks,
    shard: tuple[int, int] = (0, 1),
    device: str = "auto",
    **options: Any,
) -> EvaluationTable | None:
    """Evaluate this process's part, and in the first process put all parts together.

    Args:
        model: Model URI.
        dataset: Data set specification.
        out: Folder to write, as a local path that every process sees or as a URI.
        ranks: This process among the others.
        shard: (index from 0, count) of what the processes evaluate together.
        device: ``auto`` and ``cuda`` give each process a GPU of its own.
        options: As :func:`seatrial.steps.evaluate_model.run` takes them.

    Returns:
        The whole evaluation in the first process, None in the others.

    Raises:
        InputError: As :func:`seatrial.steps.evaluate_model.run`.
        ModelError: As :func:`seatrial.steps.evaluate_model.run`.
        ServiceError: The object store does not answer or refuses.
    """
    part = (shard[0] * ranks.size + ranks.rank, shard[1] * ranks.size)
    plan = f"{_parts(out)}/manifest"
    if ranks.rank == 0:
        with delivered(plan) as folder:
            read_dataset(dataset).write(folder)
    ranks.meet("planned")  # each image is digested once, not once a process
    with delivered(_part(out, part)) as folder:
        evaluate_model.run(
            model, f"manifest:{plan}", folder, shard=part, device=ranks.device(device), **options
        )
    ranks.meet("evaluated")
    table = None
    if ranks.rank == 0:
        table = _merged(out, shard, ranks.size)
        remove(_parts(out))
    ranks.meet("merged")
    return table


def _merged(out: str, shard: tuple[int, int], size: int) -> EvaluationTable:
    numbers = range(shard[0] * size, (shard[0] + 1) * size)
    with ExitStack() as stack:
        places = [_part(out, (number, shard[1] * size)) for number in numbers]
        local = [stack.enter_context(fetched(place)) for place in places]
        tables = [EvaluationTable.read(folder) for folder in local]
        table = EvaluationTable.merge(tables, into=shard)
        folder = stack.enter_context(delivered(out))
        table.write(folder)
        profiles = [one for place in local for one in _profiles(place)]
        if profiles:
            from seatrial.inference.profile import write_profiles

            write_profiles(folder, profiles)
    return table


def _profiles(folder: Path) -> list[dict[str, Any]]:
    """Give what a process's part took, where it was profiled."""
    from seatrial.inference.profile import read_profiles

    return read_profiles(folder) if (folder / PROFILE).exists() else []


def _parts(out: str) -> str:
    path = out.rstrip("/")
    if is_remote(path):
        return f"{path}.ranks"
    local = PurePosixPath(path)
    return str(local.parent / f".{local.name}.ranks")


def _part(out: str, part: tuple[int, int]) -> str:
    return f"{_parts(out)}/{part[0]}-of-{part[1]}"

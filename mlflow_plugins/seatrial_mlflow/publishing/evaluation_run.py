"""One run for each verdict, however often and from however many places it is published.

MLflow cannot create a run under a key of one's own, and it has no locks; but a parameter of a run is written
once: a second value is refused, whoever comes first. Each candidate run carries the verdict's digest as a
tag, and its parameter ``verdict_run`` decides what it is: its own id makes it *the* run, another id closes
it. The server has to read what it has written, so a lagging read replica is not enough.

A publisher looks at all candidates, closes every undecided one but the oldest, and opens that one. It opens
a run only after it has closed all others that it saw; of two runs the later one's publisher has seen the
earlier one, so it has closed it, or found it open and taken it. So no two are ever open. Whoever comes later
finds the open one by the tag. A publisher that was killed leaves an undecided or a closed run behind, which
the next one opens or removes.
"""

from typing import TYPE_CHECKING

from seatrial.errors import ServiceError
from seatrial_mlflow.connection import is_absent

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.exceptions import MlflowException

__all__ = ["DECIDED_AS", "claim"]

#: Parameter that is written once: the id of the run under which the verdict is published.
DECIDED_AS = "verdict_run"

_PARENT = "mlflow.parentRunId"
# each round that decides nothing is one in which another publisher did
_ROUNDS = 100


def claim(
    client: "MlflowClient", experiment_id: str, key: tuple[str, str], *, parent: str | None, name: str
) -> "tuple[Run, bool]":
    """Find the one run of a verdict, or make it.

    Args:
        client: The MLflow server.
        experiment_id: Where the run is, or is to be.
        key: Tag and value that tell the verdict.
        parent: Run that it is nested under; None for none.
        name: Name of a new run.

    Returns:
        The run, and whether this call made it.

    Raises:
        ServiceError: The server changes what was decided.
    """
    made: set[str] = set()
    for _ in range(_ROUNDS):
        found = _candidates(client, experiment_id, key, parent)
        chosen = next((one for one in found if _decided(one) == one.info.run_id), None)
        undecided = [one for one in found if _decided(one) is None]
        if chosen is None and undecided and _open_first(client, undecided):
            chosen = undecided[0]
        if chosen is not None:
            for one in found:
                if one.info.run_id != chosen.info.run_id:
                    _retire(client, one, chosen)
            return chosen, chosen.info.run_id in made
        if not undecided:
            tags = {key[0]: key[1]} | ({} if parent is None else {_PARENT: parent})
            made.add(client.create_run(experiment_id, tags=tags, run_name=name).info.run_id)
    raise ServiceError(f"MLflow does not keep the parameter {DECIDED_AS!r} of the run of {key[1]}")


def _candidates(
    client: "MlflowClient", experiment_id: str, key: tuple[str, str], parent: str | None
) -> "list[Run]":
    found = client.search_runs([experiment_id], filter_string=f"tags.`{key[0]}` = '{key[1]}'")
    nested = [one for one in found if one.data.tags.get(_PARENT) == parent]
    return sorted(nested, key=lambda one: (one.info.start_time, one.info.run_id))


def _decided(run: "Run") -> str | None:
    decided: str | None = run.data.params.get(DECIDED_AS)
    return decided


def _open_first(client: "MlflowClient", undecided: "list[Run]") -> bool:
    first = undecided[0].info.run_id
    # the first itself comes last: it may be opened only when the others are closed
    return all(_decide(client, one.info.run_id, first) for one in [*undecided[1:], undecided[0]])


def _decide(client: "MlflowClient", run_id: str, as_: str) -> bool:
    """Write what is written once; false where another publisher was first, or removed the run."""
    from mlflow.exceptions import MlflowException

    try:
        client.log_param(run_id, DECIDED_AS, as_)
    except MlflowException as error:
        if _is_decided_otherwise(error):
            return False
        raise
    return True


def _retire(client: "MlflowClient", run: "Run", chosen: "Run") -> None:
    """Remove a run that is not, and never becomes, the one."""
    from mlflow.exceptions import MlflowException

    _decide(client, run.info.run_id, chosen.info.run_id)
    try:
        client.delete_run(run.info.run_id)
    except MlflowException as error:
        if not _is_decided_otherwise(error):
            raise


def _is_decided_otherwise(error: "MlflowException") -> bool:
    return is_absent(error) or error.error_code in {"INVALID_PARAMETER_VALUE", "INVALID_STATE"}

"""How often a data set has judged, counted from the runs that verdicts were published as.

``publish-run`` tags each run with the id of its use (:data:`USE`). The ledger is derived from them: there is
no second database that could say something else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial_mlflow.connection import connected
from seatrial_mlflow.publishing.publication import USE, VERDICT_DIGEST

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["TrackedUses", "every_experiment", "open_uses", "published_uses"]

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class TrackedUses:
    """Uses of data sets, as an MLflow server knows them.

    Attributes:
        tracking_uri: The server; None for what ``MLFLOW_TRACKING_URI`` names.
    """

    tracking_uri: str | None = None

    def uses(self, dataset: str) -> Sequence[str]:
        """Give the ids of the uses of a data set, each once, the oldest first.

        Runs of every experiment count, and deleted ones, too: what was looked at was looked at. A run that
        carries no id of its use counts as one by its verdict.

        Raises:
            ServiceError: The server does not answer.
        """
        with connected(self.tracking_uri) as client:
            return published_uses(client, dataset)


def published_uses(client: "MlflowClient", dataset: str) -> list[str]:
    """Give the ids of the uses of a data set that a server's runs carry; see :meth:`TrackedUses.uses`."""
    found = sorted(_published(client, dataset), key=lambda run: (run.info.start_time or 0, run.info.run_id))
    tags = [run.data.tags for run in found]
    return list(dict.fromkeys(tag.get(USE) or tag[VERDICT_DIGEST] for tag in tags))


def open_uses(address: str) -> TrackedUses:
    """Open the ledger ``mlflow:<address>``; without an address it is ``MLFLOW_TRACKING_URI``'s."""
    return TrackedUses(address or None)


def _published(client: "MlflowClient", dataset: str) -> "Iterator[Run]":
    from mlflow.entities import ViewType

    wanted = f"params.`dataset_digest` = '{dataset}' AND tags.`{VERDICT_DIGEST}` LIKE '%'"
    experiments = every_experiment(client)
    token: str | None = None
    while True:
        page = client.search_runs(
            experiments, wanted, run_view_type=ViewType.ALL, max_results=_PAGE, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def every_experiment(client: "MlflowClient") -> list[str]:
    """Give the ids of all experiments of a server, deleted ones too."""
    return list(_experiments(client))


def _experiments(client: "MlflowClient") -> Iterator[str]:
    from mlflow.entities import ViewType

    token: str | None = None
    while True:
        page = client.search_experiments(view_type=ViewType.ALL, max_results=_PAGE, page_token=token)
        yield from (str(one.experiment_id) for one in page)
        token = page.token
        if not token:
            return

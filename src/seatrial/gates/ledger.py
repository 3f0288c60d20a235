"""The test-set ledger: how often a data set has judged, and what level is left for the next time.

A data set that is looked at again and again is slowly learned by heart. Each *use* (one candidate, judged on
one data set by one policy against one champion) is counted, and the k-th is judged at α_k = 6α / (π² k²):
all uses together never exceed α (:func:`seatrial.statistics.alpha_spent`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.extensions import load_extension, names
from seatrial.gates.policy import Policy
from seatrial.gates.uses_file import UsesFile

__all__ = ["GROUP", "Use", "UsesSource", "number_of", "open_ledger", "place_of", "use_of"]

#: Entry points of other places that count uses, by the word before the colon.
GROUP = "seatrial.ledgers"


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a data set.

    Attributes:
        dataset: Digest of the data set.
        id: Digest of what was judged: the same candidate, champion and question on the same data set are one
            use, however often that is repeated.
    """

    dataset: str
    id: str


class UsesSource(Protocol):
    """Where uses are counted."""

    def uses(self, dataset: str) -> Sequence[str]:
        """Give the ids of the uses of a data set, each once, the oldest first.

        Raises:
            InputError: They cannot be read.
            ServiceError: The service that counts them does not answer.
        """


def use_of(policy: Policy, header: Mapping[str, Any]) -> Use:
    """Name the use that a slice report is.

    Args:
        policy: What is asked of the data; waivers ask nothing of it.
        header: The report's header.
    """
    dataset = str((header.get("dataset") or {}).get("digest"))
    judged = [_model(header, "candidate"), _model(header, "baseline"), dataset, policy.question]
    return Use(dataset, digest_json(judged))


def _model(header: Mapping[str, Any], role: str) -> list[str] | None:
    about = header.get(role)
    return None if about is None else [str(about.get("digest")), str(about.get("options") or "")]


def number_of(use: Use, source: UsesSource) -> int:
    """Say which use of its data set this is, from 1: its own number where it was counted already."""
    return place_of(use, source.uses(use.dataset))


def place_of(use: Use, uses: Sequence[str]) -> int:
    """Say which of the counted uses of its data set this is, from 1: the next where it is none of them."""
    known = list(dict.fromkeys(uses))
    return known.index(use.id) + 1 if use.id in known else len(known) + 1


def open_ledger(place: str) -> UsesSource:
    """Open the place where uses are counted.

    Args:
        place: ``mlflow:`` with or without an address counts the runs of an MLflow server; anything else is
            the path of a local file, which need not be there yet.

    Raises:
        InputError: The place is empty, or a word before a colon that nothing is installed for.
    """
    if not place:
        raise InputError("the ledger: expected a file or mlflow:, got nothing")
    kind, colon, rest = place.partition(":")
    if colon and kind in names(GROUP):
        source: UsesSource = load_extension(GROUP, kind)(rest)
        return source
    if colon and "/" not in kind:
        known = ", ".join(f"{one}:" for one in names(GROUP)) or "none is installed"
        raise InputError(f"the ledger: expected a file or one of {known}, got {place!r}")
    return UsesFile(Path(place))

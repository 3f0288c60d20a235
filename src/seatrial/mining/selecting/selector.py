"""The ways to choose rows: Seatrial's and those that other distributions add."""

from collections.abc import Mapping
from typing import Protocol

from seatrial.errors import InputError
from seatrial.extensions import load_extension, names
from seatrial.mining.selecting.facility_location import facility_location
from seatrial.mining.selecting.k_centre import k_centre
from seatrial.mining.selecting.random_draw import random_draw
from seatrial.mining.selecting.space import Picks, Space

__all__ = ["SELECTORS", "Selector", "chosen_selector"]

GROUP = "seatrial.selectors"


class Selector(Protocol):
    """Chooses rows; other distributions add theirs in the entry-point group ``seatrial.selectors``.

    A selector is deterministic: the same space and size give the same rows.
    """

    def __call__(self, space: Space, size: int, /) -> Picks:
        """Choose at most ``size`` of the space's candidates."""
        ...


#: The selectors that come with Seatrial.
SELECTORS: Mapping[str, Selector] = {
    "k_centre": k_centre,
    "facility_location": facility_location,
    "random": random_draw,
}


def chosen_selector(name: str) -> Selector:
    """Give a selector by its name.

    Raises:
        InputError: There is none of that name, or an installed one is called like one of Seatrial's.
    """
    added = names(GROUP)
    taken = sorted(set(added) & SELECTORS.keys())
    if taken:
        raise InputError(
            f"extension {taken[0]!r} of {GROUP} is called like a selector of Seatrial: rename it"
        )
    if name in SELECTORS:
        return SELECTORS[name]
    if name not in added:
        raise InputError(f"{name!r} is not a selector: expected one of {', '.join((*SELECTORS, *added))}")
    found: Selector = load_extension(GROUP, name)
    return found

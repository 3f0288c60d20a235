"""A subset of a pool: balanced over strata, diverse within each, without near-duplicates."""

from seatrial.mining.selecting.coverage import cover_distances, evenness
from seatrial.mining.selecting.pool import Pool, pool_of
from seatrial.mining.selecting.quotas import even_quotas
from seatrial.mining.selecting.select import Selection, select_rows
from seatrial.mining.selecting.selector import SELECTORS, Selector, chosen_selector
from seatrial.mining.selecting.space import Picks, Space
from seatrial.mining.selecting.strata import Strata, strata_of

__all__ = [
    "SELECTORS",
    "Picks",
    "Pool",
    "Selection",
    "Selector",
    "Space",
    "Strata",
    "chosen_selector",
    "cover_distances",
    "even_quotas",
    "evenness",
    "pool_of",
    "select_rows",
    "strata_of",
]

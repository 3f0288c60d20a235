"""The step ``mine_edge_cases`` as a component."""

from seatrial_components.mine_edge_cases.component import mine_edge_cases

__all__ = ["mine_edge_cases"]

"""The step ``publish_edge_cases`` as a component."""

from seatrial_components.publish_edge_cases.component import publish_edge_cases

__all__ = ["publish_edge_cases"]

"""The step ``publish_quality`` as a component."""

from seatrial_components.publish_quality.component import publish_quality

__all__ = ["publish_quality"]

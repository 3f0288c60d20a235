"""The step ``publish_run`` as a component."""

from seatrial_components.publish_run.component import publish_run

__all__ = ["publish_run"]

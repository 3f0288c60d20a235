"""The step ``render_report`` as a component."""

from seatrial_components.render_report.component import render_report

__all__ = ["render_report"]

"""The step ``measure_slices`` as a component."""

from seatrial_components.measure_slices.component import measure_slices

__all__ = ["measure_slices"]

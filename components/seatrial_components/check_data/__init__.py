"""The step ``check_data`` as a component."""

from seatrial_components.check_data.component import check_data

__all__ = ["check_data"]

"""The step ``judge_data`` as a component."""

from seatrial_components.judge_data.component import judge_data

__all__ = ["judge_data"]

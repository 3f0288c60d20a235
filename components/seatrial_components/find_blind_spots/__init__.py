"""The step ``find_blind_spots`` as a component."""

from seatrial_components.find_blind_spots.component import find_blind_spots

__all__ = ["find_blind_spots"]

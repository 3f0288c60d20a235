"""The step ``resolve_inputs`` as a component."""

from seatrial_components.resolve_inputs.component import resolve_inputs

__all__ = ["resolve_inputs"]

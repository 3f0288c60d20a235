"""The step ``merge_shards`` as a component."""

from seatrial_components.merge_shards.component import merge_shards

__all__ = ["merge_shards"]

"""The container image that every component runs in."""

import os

from seatrial import __version__

__all__ = ["IMAGE"]

#: Image with Python, ``seatrial`` and ``kfp``. Set ``SEATRIAL_IMAGE`` before a pipeline is compiled (or
#: before a component is imported) to name the one that your cluster can pull.
IMAGE = os.environ.get("SEATRIAL_IMAGE") or f"seatrial:{__version__}"

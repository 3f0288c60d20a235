"""The container images that components run in."""

import os

from seatrial import __version__

__all__ = ["EVALUATION_IMAGE", "IMAGE"]

#: Image of the components that run no model: Python, ``seatrial`` and ``kfp``, without PyTorch. Set
#: ``SEATRIAL_IMAGE`` before a pipeline is compiled (or before a component is imported) to name the one that
#: your cluster can pull.
IMAGE = os.environ.get("SEATRIAL_IMAGE") or f"seatrial:{__version__}"

#: Image of the components that run a model, with PyTorch. ``SEATRIAL_EVALUATION_IMAGE`` names it; where only
#: ``SEATRIAL_IMAGE`` is set, everything runs in that one.
EVALUATION_IMAGE = (
    os.environ.get("SEATRIAL_EVALUATION_IMAGE")
    or os.environ.get("SEATRIAL_IMAGE")
    or f"seatrial-evaluation:{__version__}"
)

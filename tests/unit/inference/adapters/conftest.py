"""What adapters are given."""

import pytest

from seatrial.inference.adapters import Inputs


@pytest.fixture
def inputs():
    """A batch of two images of 96 × 64 pixels for three classes."""

    def make(count=2, height=64, width=96, classes=("cat", "dog", "cow")):
        return Inputs(count, height, width, tuple(classes))

    return make

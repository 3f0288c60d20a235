"""Options that fit tiny images."""

import pytest

from seatrial.inference import ModelOptions


@pytest.fixture
def small():
    """Options for images of 3 × 8 × 8 pixels."""
    return ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test")

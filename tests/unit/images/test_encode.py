"""Codes written as an image are the codes that are read."""

import numpy as np
import pytest

from seatrial.images import decode_codes, encode_codes


@pytest.mark.parametrize(
    ("highest", "kind", "bits"),
    [
        (0, np.uint8, 8),
        (255, np.uint8, 8),
        (255, np.int64, 8),
        (256, np.uint16, 16),
        (65_535, np.uint32, 16),
    ],
)
def test_codes_come_back_as_they_were(highest, kind, bits):
    codes = np.array([[0, highest, highest // 2], [highest, 0, highest // 3]], dtype=kind)
    png = encode_codes(codes)
    assert np.array_equal(decode_codes(png), codes)
    assert png[24] == bits

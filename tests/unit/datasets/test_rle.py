"""Run-length encodings are those of pycocotools, and nothing that does not decode gets in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seatrial.datasets.rle import (
    BadMaskError,
    decode_mask,
    encode_mask,
    from_polygons,
    from_rle,
    mask_areas,
    mask_box,
    run_lengths,
)


def pixels(encoded, height, width):
    lengths = run_lengths(encoded)
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(height, width, order="F")


masks = arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40)))


def runs(mask):
    """Lengths of runs down the columns, zeros first."""
    flat = mask.flatten(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *changes, flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


@given(masks)
def test_an_encoding_tells_the_lengths_of_the_runs(mask):
    assert run_lengths(encode_mask(mask)).tolist() == runs(mask)


@given(masks)
def test_a_mask_is_decoded_to_its_pixels(mask):
    assert np.array_equal(decode_mask(encode_mask(mask), *mask.shape), mask)


def test_a_mask_of_another_number_of_pixels_is_not_decoded():
    with pytest.raises(BadMaskError, match="expected counts that decode to 12 pixels, got 6"):
        decode_mask(encode_mask(np.ones((2, 3), dtype=np.bool_)), 3, 4)


@given(masks)
def test_counts_as_a_list_and_as_text_are_the_same_mask(mask):
    size = list(mask.shape)
    encoded = encode_mask(mask)
    assert from_rle({"size": size, "counts": runs(mask)}, *size) == encoded
    assert from_rle({"size": size, "counts": encoded.decode()}, *size) == encoded
    assert mask_areas([encoded]).tolist() == [mask.sum()]


def test_an_image_of_many_megapixels_is_decoded():
    mask = np.zeros((12000, 9000), dtype=np.bool_)
    mask[11000:, 8999] = True
    lengths = run_lengths(encode_mask(mask))
    assert lengths.tolist() == [12000 * 8999 + 11000, 1000]


def test_polygons_are_united_as_coco_does():
    square, other = [2, 2, 10, 2, 10, 10, 2, 10], [8, 8, 14, 8, 14, 14]
    parts = [pixels(from_polygons([one], 20, 16), 20, 16) for one in (square, other)]
    united = pixels(from_polygons([square, other], 20, 16), 20, 16)
    assert np.array_equal(united, parts[0] | parts[1])
    assert int(parts[0].sum()) == 64


def test_the_box_of_a_mask():
    mask = np.zeros((9, 12), dtype=np.bool_)
    mask[2:5, 3:10] = True
    assert mask_box(encode_mask(mask), 9, 12) == (3, 2, 7, 3)
    assert mask_box(encode_mask(mask & False), 9, 12) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("", "compressed counts"),
        ("zz", "compressed counts"),
        ("é", "ASCII"),
        ("PPPPPPP0", "compressed counts"),
        ("c24", "decode to 20 pixels"),
        ([5, 5], "add up to 20 pixels, got 10"),
        ([25, -5], "add up to 20 pixels"),
        ([10.0, 10.0], "add up to 20 pixels"),
        (None, "with counts, got NoneType"),
    ],
)
def test_an_encoding_that_does_not_decode_is_refused(counts, message):
    with pytest.raises(BadMaskError, match=message):
        from_rle({"size": [4, 5], "counts": counts}, 4, 5)


def test_a_mask_of_another_size_than_its_image_is_refused():
    with pytest.raises(BadMaskError, match=r"image's size \[4, 5\], got \[5, 4\]"):
        from_rle({"size": [5, 4], "counts": [20]}, 4, 5)

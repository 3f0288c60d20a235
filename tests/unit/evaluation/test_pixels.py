"""Pixels are counted as a loop over every pixel counts them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seatrial.errors import InputError
from seatrial.evaluation import band_width, pixel_counts, pixel_table

VOID = 255


def band(codes, valid, value, width):
    """Pixels of a class within ``width`` of another class or of the outside, one after the other."""
    height, side = codes.shape
    found = np.zeros(codes.shape, dtype=np.bool_)
    for y in range(height):
        for x in range(side):
            if not valid[y, x] or codes[y, x] != value:
                continue
            for v in range(y - width, y + width + 1):
                for u in range(x - width, x + width + 1):
                    if not (0 <= v < height and 0 <= u < side) or (valid[v, u] and codes[v, u] != value):
                        found[y, x] = True
    return found


def by_hand(truth, prediction, classes, void):
    valid = np.ones(truth.shape, dtype=np.bool_) if void is None else truth != void
    width = band_width(*truth.shape)
    rows = {}
    for one in range(classes):
        for other in range(classes):
            pixels = int((valid & (truth == one) & (prediction == other)).sum())
            occurs = (valid & ((truth == one) | (prediction == one))).any()
            if one == other and occurs:
                bands = [band(codes, valid, one, width) for codes in (truth, prediction)]
                along = (int(bands[0].sum()), int(bands[1].sum()), int((bands[0] & bands[1]).sum()))
                rows[one, other] = (pixels, *along)
            elif one != other and pixels:
                rows[one, other] = (pixels, -1, -1, -1)
    return rows


def as_rows(counts):
    table = np.column_stack([counts.label, counts.prediction, counts.pixels, counts.boundary])
    return {(row[0], row[1]): tuple(row[2:]) for row in table.tolist()}


blocks = st.tuples(st.integers(1, 6), st.integers(1, 6))


@given(st.data(), blocks, st.integers(1, 9), st.sampled_from([None, VOID, 3]))
def test_counts_and_boundaries_equal_a_loop_over_pixels(data, shape, scale, void):
    code = st.sampled_from([0, 1, 2] if void is None else [0, 1, 2, void])
    truth = np.kron(data.draw(arrays(np.uint8, shape, elements=code)), np.ones((scale, 2), np.uint8))
    prediction = np.kron(
        data.draw(arrays(np.uint8, shape, elements=st.integers(0, 2))), np.ones((scale, 2), np.uint8)
    )
    assert as_rows(pixel_counts(truth, prediction, 3, void)) == by_hand(truth, prediction, 3, void)


def test_the_band_is_the_mask_less_its_iterated_erosion():
    from scipy.ndimage import binary_erosion

    rng = np.random.default_rng(0)
    truth = np.kron(rng.integers(0, 4, (6, 8)), np.ones((40, 40), int)).astype(np.uint8)
    prediction = np.roll(truth, 7, axis=1)
    counts = pixel_counts(truth, prediction, 4, None)
    width = band_width(*truth.shape)
    assert width == 8
    for label, predicted, _, along in zip(
        counts.label, counts.prediction, counts.pixels, counts.boundary, strict=True
    ):
        if label != predicted:
            continue
        bands = []
        for codes in (truth, prediction):
            mask = codes == label
            bands.append(mask & ~binary_erosion(mask, np.ones((3, 3)), iterations=width))
        assert along.tolist() == [bands[0].sum(), bands[1].sum(), (bands[0] & bands[1]).sum()]


def test_a_prediction_equal_to_the_truth_has_equal_bands():
    truth = np.kron([[0, 1], [2, 0]], np.ones((30, 30), int))
    counts = pixel_counts(truth, truth, 3, None)
    assert counts.label.tolist() == counts.prediction.tolist() == [0, 1, 2]
    assert (counts.boundary[:, :1] == counts.boundary).all()


def test_what_is_predicted_where_the_truth_is_void_does_not_matter():
    truth = np.array([[0, VOID], [1, VOID]], dtype=np.uint8)
    one = pixel_counts(truth, np.array([[0, 0], [1, 0]], dtype=np.uint8), 2, VOID)
    other = pixel_counts(truth, np.array([[0, 77], [1, VOID]], dtype=np.uint8), 2, VOID)
    assert as_rows(one) == as_rows(other)
    assert one.pixels.sum() == 2


def test_an_image_that_is_void_all_over_has_no_rows():
    void = np.full((3, 4), VOID, dtype=np.uint8)
    table = pixel_table(["a"], [pixel_counts(void, void, 2, VOID)], ("no", "yes"))
    assert table.num_rows == 0


def test_rows_name_image_and_classes_and_have_boundaries_on_the_diagonal_only():
    truth = np.array([[0, 0], [1, 1]], dtype=np.uint8)
    counts = [pixel_counts(truth, truth, 2, None), pixel_counts(truth, truth * 0, 2, None)]
    table = pixel_table(["a", "b"], counts, ("sky", "road"))
    assert table.select(["image", "label", "prediction", "pixels"]).to_pylist() == [
        {"image": "a", "label": "sky", "prediction": "sky", "pixels": 2},
        {"image": "a", "label": "road", "prediction": "road", "pixels": 2},
        {"image": "b", "label": "sky", "prediction": "sky", "pixels": 2},
        {"image": "b", "label": "road", "prediction": "sky", "pixels": 2},
        {"image": "b", "label": "road", "prediction": "road", "pixels": 0},
    ]
    assert table.column("boundary_truth").to_pylist() == [2, 2, 2, None, 2]
    assert table.column("boundary_both").to_pylist() == [2, 2, 2, None, 0]


def test_no_annotated_image_is_an_empty_table():
    assert pixel_table([], [], ("sky",)).num_rows == 0


def test_another_size_is_refused():
    with pytest.raises(InputError, match="truth's size, 3×2 pixels, got 2×3"):
        pixel_counts(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 1, None)


@pytest.mark.parametrize("what", ["truth", "prediction"])
def test_a_code_that_is_no_class_is_refused(what):
    codes = {"truth": np.zeros((2, 2), np.uint8), "prediction": np.zeros((2, 2), np.uint8)}
    codes[what] = np.array([[0, 7], [7, 1]], np.uint8)
    with pytest.raises(InputError, match=rf"{what}: expected codes from 0 to 1 or 255 .* got 7 in 2 pixels"):
        pixel_counts(codes["truth"], codes["prediction"], 2, VOID)

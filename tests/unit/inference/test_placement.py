"""Images are letterboxed as YOLO models are trained, and boxes and masks find back to the image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.inference import Preprocess
from seatrial.inference.object_masks import encode_masks, joined, restored, separated
from seatrial.inference.preprocess import fit, place

_SIDES = st.integers(1, 300)


def _picture(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_longer_side_fills_the_frame_and_grey_is_on_both_sides():
    placed = place((200, 100), Preprocess(letterbox=64))
    assert (placed.resized, placed.left, placed.top, placed.frame) == ((64, 32), 0, 16, (64, 64))
    pixels = fit(_picture(200, 100), Preprocess(letterbox=64))
    assert pixels.shape == (64, 64, 3)
    assert (pixels[:16] == 114).all()
    assert (pixels[48:] == 114).all()
    assert pixels[16:48].std() > 10


def test_of_an_odd_rest_the_one_more_comes_after_the_image():
    placed = place((64, 33), Preprocess(letterbox=64))
    assert (placed.top, 64 - placed.top - 33) == (15, 16)


@pytest.mark.parametrize(
    ("letterbox", "frame"),
    [
        ({"size": 64, "stride": 32}, (64, 32)),
        ({"size": [64, 96]}, (96, 64)),
        ({"size": 400, "enlarge": False}, (400, 400)),
        ({"size": 400, "enlarge": False, "stride": 8}, (200, 104)),
    ],
)
def test_frames_may_be_oblong_shrunk_to_a_stride_and_never_enlarge(letterbox, frame):
    placed = place((200, 100), Preprocess(letterbox=letterbox))
    assert placed.frame == frame
    assert fit(_picture(200, 100), Preprocess(letterbox=letterbox)).shape == (*frame[::-1], 3)
    if letterbox.get("enlarge") is False:
        assert placed.resized == (200, 100)


@settings(max_examples=60, deadline=None)
@given(
    width=_SIDES,
    height=_SIDES,
    preprocess=st.sampled_from(
        [
            Preprocess(resize=None, crop=None),
            Preprocess(resize=50, crop=None),
            Preprocess(resize=(40, 70), crop=None),
            Preprocess(resize=50, crop=30),
            Preprocess(resize=None, crop=(60, 20)),
            Preprocess(letterbox=64),
            Preprocess(letterbox={"size": (32, 96), "stride": 32}),
        ]
    ),
)
def test_boxes_find_back_whatever_was_done_to_the_image(width, height, preprocess):
    placed = place((width, height), preprocess)
    scale = np.array(placed.resized) / (width, height)
    box = np.array([[0.1 * width, 0.2 * height, 0.7 * width, 0.9 * height]])
    inside = box * np.tile(scale, 2) + [placed.left, placed.top] * 2
    np.testing.assert_allclose(placed.undo(inside), box, rtol=0, atol=1e-9)
    assert fit(_picture(width, height), preprocess).shape == (*placed.frame[::-1], 3)


def test_a_bright_square_is_where_the_placement_says():
    picture = np.zeros((90, 150, 3), dtype=np.uint8)
    picture[30:60, 50:100] = 255
    for preprocess in (Preprocess(letterbox=100), Preprocess(resize=60, crop=(60, 90))):
        placed = place((150, 90), preprocess)
        rows, columns = np.nonzero(fit(picture, preprocess)[..., 0] > 190)
        box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], dtype=np.float64)
        np.testing.assert_allclose(placed.undo(box), [[50, 30, 100, 60]], atol=1.5)


def test_masks_find_back_to_the_size_of_the_image():
    preprocess = Preprocess(letterbox=100)
    placed = place((150, 90), preprocess)
    mask = torch.zeros(1, 100, 100)
    mask[0, 20 + 20 : 20 + 40, 33:67] = 1  # the square above, in the frame
    found = restored(mask[None], placed)[0, 0] > 0.5
    assert found.shape == (90, 150)
    rows, columns = np.nonzero(found.numpy())
    assert abs(rows.min() - 30) <= 1
    assert abs(rows.max() - 59) <= 1
    assert abs(columns.min() - 50) <= 1
    assert abs(columns.max() - 99) <= 1


def test_coarse_class_values_are_cut_from_the_frame_not_stretched_over_it():
    placed = place((80, 40), Preprocess(letterbox=80))
    values = torch.zeros(1, 1, 8, 8)
    values[0, 0, 2:6] = 1  # exactly the rows of the image
    assert restored(values, placed)[0, 0, 5:35].min() == 1


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
def test_encoded_masks_survive_storage():
    coco_mask = pytest.importorskip("pycocotools.mask")
    placed = place((96, 64), Preprocess(resize=None, crop=None))
    masks = (torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(0)) > 0.6).float()
    encoded = encode_masks(masks, placed)
    assert separated(joined(encoded, 3)) == encoded
    assert separated(joined(None, 3)) is None
    for one, mask in zip(encoded, masks, strict=True):
        decoded = coco_mask.decode({"size": [64, 96], "counts": one})
        np.testing.assert_array_equal(decoded, mask.numpy())

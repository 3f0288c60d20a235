"""Images are decoded ahead, in order; a broken one is a reason, not an exception."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets.mask_image import class_codes
from seatrial.images import PROPERTIES
from seatrial.inference import Preprocess
from seatrial.inference.chunk import ImageRow
from seatrial.inference.decoding import decode, decode_ahead

_SMALL = Preprocess(resize=8, crop=8)


def _row(path):
    return ImageRow(path.stem, str(path))


def test_an_image_comes_with_the_properties_of_its_full_size(tmp_path, save_image):
    image = decode(_row(save_image(tmp_path / "a.png", size=(24, 20))), _SMALL)
    assert image.failure is None
    assert image.pixels.shape == (8, 8, 3)
    assert tuple(image.properties) == PROPERTIES
    assert (image.properties["width"], image.properties["height"]) == (24, 20)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty file"), (b"hello", "not an image"), (None, "no such file")],
)
def test_what_is_no_image_is_a_reason(tmp_path, content, reason):
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    image = decode(_row(path), _SMALL)
    assert image.failure == reason
    assert image.pixels.size == 0


def test_a_truncated_image_is_a_reason(tmp_path, save_image):
    path = save_image(tmp_path / "a.png", size=(200, 200))
    path.write_bytes(path.read_bytes()[:-2000])
    assert "truncated" in decode(_row(path), _SMALL).failure


@pytest.mark.parametrize(
    ("uri", "reason"), [(None, "names no image file"), ("nowhere://a/b.png", "Protocol not known")]
)
def test_an_image_that_cannot_be_found_is_a_reason(uri, reason):
    assert reason in decode(ImageRow("a", uri), _SMALL).failure


@pytest.mark.parametrize(("workers", "ahead"), [(1, 0), (3, 2), (4, 100)])
def test_images_come_in_order_whatever_the_threads(tmp_path, save_image, workers, ahead):
    rows = [_row(save_image(tmp_path / f"{side}.png", size=(side, 10))) for side in range(10, 30)]
    images = decode_ahead(rows, _SMALL, workers=workers, ahead=ahead)
    assert [image.properties["width"] for image in images] == list(range(10, 30))


def test_decoding_stops_when_nobody_asks_any_more(tmp_path, save_image):
    asked = []

    def rows():
        for number in range(100):
            asked.append(number)
            yield _row(save_image(tmp_path / f"{number}.png"))

    images = decode_ahead(rows(), _SMALL, workers=1, ahead=3)
    next(images)
    images.close()
    assert len(asked) == 4


class TestTruth:
    def _decode(self, tmp_path, save_image, mask, size=(24, 20)):
        path = save_image(tmp_path / "a.png", size=size)
        if isinstance(mask, np.ndarray):
            Image.fromarray(mask).save(tmp_path / "m.png")
        elif mask is not None:
            (tmp_path / "m.png").write_bytes(mask)
        row = ImageRow("a", str(path), str(tmp_path / "m.png"))
        return decode(row, _SMALL, partial(class_codes, classes=2, void=None, foreground=False))

    def test_it_keeps_its_size(self, tmp_path, save_image):
        mask = np.eye(20, 24, dtype=np.uint8)
        np.testing.assert_array_equal(self._decode(tmp_path, save_image, mask).truth, mask)

    @pytest.mark.parametrize(
        ("mask", "reason"),
        [
            (None, "no such file"),
            (b"text", "not an image"),
            (np.zeros((24, 20), dtype=np.uint8), "expected 24×20 pixels as its image, got 20×24"),
            (np.full((20, 24), 7, dtype=np.uint8), "expected class codes from 0 to 1, got 7 in 480 pixels"),
        ],
    )
    def test_one_that_cannot_be_used_fails_its_image(self, tmp_path, save_image, mask, reason):
        failure = self._decode(tmp_path, save_image, mask).failure
        assert failure.startswith("mask ")
        assert reason in failure

"""Images are decoded ahead, in order; a broken one is a reason, not an exception."""

import pytest

from seatrial.images import PROPERTIES
from seatrial.inference import Preprocess
from seatrial.inference.decoding import decode, decode_ahead

_SMALL = Preprocess(resize=8, crop=8)


def test_an_image_comes_with_the_properties_of_its_full_size(tmp_path, save_image):
    image = decode(str(save_image(tmp_path / "a.png", size=(24, 20))), _SMALL)
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
    image = decode(str(path), _SMALL)
    assert image.failure == reason
    assert image.pixels.size == 0


def test_a_truncated_image_is_a_reason(tmp_path, save_image):
    path = save_image(tmp_path / "a.png", size=(200, 200))
    path.write_bytes(path.read_bytes()[:-2000])
    assert "truncated" in decode(str(path), _SMALL).failure


@pytest.mark.parametrize(
    ("uri", "reason"), [(None, "names no image file"), ("nowhere://a/b.png", "Protocol not known")]
)
def test_an_image_that_cannot_be_found_is_a_reason(uri, reason):
    assert reason in decode(uri, _SMALL).failure


@pytest.mark.parametrize(("workers", "ahead"), [(1, 0), (3, 2), (4, 100)])
def test_images_come_in_order_whatever_the_threads(tmp_path, save_image, workers, ahead):
    uris = [str(save_image(tmp_path / f"{side}.png", size=(side, 10))) for side in range(10, 30)]
    images = decode_ahead(uris, _SMALL, workers=workers, ahead=ahead)
    assert [image.properties["width"] for image in images] == list(range(10, 30))


def test_decoding_stops_when_nobody_asks_any_more(tmp_path, save_image):
    asked = []

    def uris():
        for number in range(100):
            asked.append(number)
            yield str(save_image(tmp_path / f"{number}.png"))

    images = decode_ahead(uris(), _SMALL, workers=1, ahead=3)
    next(images)
    images.close()
    assert len(asked) == 4

import base64
import io

import numpy as np
import pytest
from PIL import Image

from seatrial.reporting.thumbnails import Album


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(1).integers(0, 255, (300, 600, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return str(path)


def test_a_thumbnail_is_a_small_jpeg_of_the_same_shape(photo):
    source = Album(1, 10**6).picture(photo)
    prefix, _, data = source.partition(",")
    assert prefix == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (192, 96)


def test_an_image_is_made_once_and_costs_once(photo):
    album = Album(1, 10**6)
    assert album.picture(photo) == album.picture(photo)
    assert len(album) == 1
    assert album.size == len(album.picture(photo))


def test_a_spent_budget_gives_no_picture(photo):
    assert Album(0, 10**6).picture(photo) is None
    assert Album(1, 100).picture(photo) is None


def test_an_unreadable_image_is_remembered_and_costs_nothing(photo, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not an image")
    album = Album(1, 10**6)
    assert album.picture(str(tmp_path / "broken.png")) is None
    assert album.picture(None) is None
    assert album.missing == {str(tmp_path / "broken.png"): "not an image"}
    assert album.picture(photo) is not None

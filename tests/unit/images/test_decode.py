import io
import threading
import warnings

import fsspec
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from seatrial.images import UnreadableImageError, decode_rgb, read_bytes
from seatrial.images import decode as decode_module

RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 256, (24, 32, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_a_colour_image_is_decoded_to_its_pixels():
    assert np.array_equal(decode_rgb(encoded(Image.fromarray(NOISE))), NOISE)


def test_a_grey_image_has_three_equal_channels():
    rgb = decode_rgb(encoded(Image.fromarray(NOISE[:, :, 0])))
    assert rgb.shape == (24, 32, 3)
    assert all(np.array_equal(rgb[:, :, channel], NOISE[:, :, 0]) for channel in range(3))


def test_a_16_bit_grey_image_keeps_its_contrast():
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    rgb = decode_rgb(encoded(Image.fromarray(values)))
    assert rgb[0, 0, 0] == 0
    assert rgb[-1, -1, 0] == 255
    assert np.array_equal(rgb[:, :, 0], (values / 257.0).astype(np.uint8))


def test_a_palette_image_shows_its_colours():
    image = Image.fromarray(NOISE).quantize(16)
    assert np.array_equal(decode_rgb(encoded(image)), np.asarray(image.convert("RGB")))


def test_a_palette_with_transparency_does_not_warn():
    image = Image.fromarray(NOISE).quantize(16)
    image.info["transparency"] = bytes(range(16))
    assert decode_rgb(encoded(image)).shape == NOISE.shape


def test_alpha_is_left_out_and_the_colours_stay():
    image = Image.fromarray(np.dstack([NOISE, np.full((24, 32), 128, np.uint8)]))
    assert np.array_equal(decode_rgb(encoded(image)), NOISE)


@pytest.mark.parametrize("mode", ["1", "LA", "CMYK", "YCbCr", "F", "I"])
def test_every_mode_becomes_rgb(mode):
    source = Image.fromarray(NOISE[:, :, 0]) if mode in {"1", "LA", "F", "I"} else Image.fromarray(NOISE)
    rgb = decode_rgb(encoded(source.convert(mode), "TIFF"))
    assert (rgb.shape, rgb.dtype) == ((24, 32, 3), np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(NOISE), exif=exif)
    upright = decode_rgb(data)
    assert upright.shape == ((24, 32, 3) if orientation < 5 else (32, 24, 3))
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(upright, np.asarray(ImageOps.exif_transpose(image)))


def test_a_photo_on_its_side_is_turned_clockwise():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the first row is the right-hand side
    assert np.array_equal(decode_rgb(encoded(Image.fromarray(NOISE), exif=exif)), np.rot90(NOISE, -1))


def test_an_image_of_one_pixel_is_an_image():
    assert decode_rgb(encoded(Image.fromarray(NOISE[:1, :1]))).tolist() == [[NOISE[0, 0].tolist()]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty file"), (b"id,label\n1,cat\n", "not an image"), (b"\xff\xd8\xff", "not an image")],
)
def test_what_is_no_image_is_said_to_be_none(data, reason):
    with pytest.raises(UnreadableImageError, match=reason):
        decode_rgb(data)


def test_a_truncated_jpeg_is_unreadable():
    data = encoded(Image.fromarray(NOISE), "JPEG")
    with pytest.raises(UnreadableImageError, match="truncated"):
        decode_rgb(data[: len(data) // 2])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA"])
def test_damage_anywhere_is_a_pixel_array_or_an_unreadable_image(kind):
    data = encoded(Image.fromarray(NOISE), kind)
    for length in range(0, len(data), max(1, len(data) // 60)):
        try:
            assert decode_rgb(data[:length]).dtype == np.uint8
        except UnreadableImageError as error:
            assert str(error)  # noqa: PT017 - either outcome is right, another exception is not
    for place in range(0, len(data), max(1, len(data) // 60)):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        try:
            assert decode_rgb(bytes(broken)).dtype == np.uint8
        except UnreadableImageError as error:
            assert str(error)  # noqa: PT017


def test_a_header_that_asks_for_terabytes_is_refused():
    data = bytearray(encoded(Image.fromarray(NOISE)))
    data[16:24] = (1 << 20).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    with pytest.raises(UnreadableImageError, match="too large"):
        decode_rgb(bytes(data))


def test_the_limit_holds_where_pillows_own_is_lifted(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    monkeypatch.setattr(decode_module, "MAX_PIXELS", 100)
    with pytest.raises(UnreadableImageError, match="too large: 32×24 pixels, at most 100"):
        decode_rgb(encoded(Image.fromarray(NOISE)))


def test_threads_that_decode_leave_the_warning_filters_as_they_were():
    data = encoded(Image.fromarray(NOISE), pnginfo=PngImagePlugin.PngInfo())
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda: [decode_rgb(data) for _ in range(50)], daemon=True) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_bytes_are_read_from_paths_and_uris(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    with fsspec.open("memory://seatrial-test/a.bin", "wb") as stream:
        stream.write(b"abc")
    assert read_bytes(str(tmp_path / "a.bin")) == b"abc"
    assert read_bytes(f"file://{tmp_path / 'a.bin'}") == b"abc"
    assert read_bytes("memory://seatrial-test/a.bin") == b"abc"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("{folder}/absent.png", "no such file"),
        ("memory://seatrial-test/absent.png", "no such file"),
        ("{folder}", "cannot be read: Is a directory"),
        ("nowhere://x/y.png", "cannot be read: Protocol not known: nowhere"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, uri, reason):
    with pytest.raises(UnreadableImageError, match=reason):
        read_bytes(uri.format(folder=tmp_path))

"""What is decoded on the model's device is what is decoded here, but for rounding; the rest falls back."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from seatrial.inference import ModelOptions, Preprocess
from seatrial.inference.chunk import ImageRow
from seatrial.inference.decoding import decode
from seatrial.inference.device_decoding import DeviceDecoder, fit_tensor
from seatrial.inference.preprocess import fit
from seatrial.steps import evaluate_model

_CPU = torch.device("cpu")
_SMALL = Preprocess(resize=20, crop=16)


def _picture(size=(40, 30), mode="RGB", seed=0):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC).convert(mode)


def _save(path, image, **options):
    image.save(path, **options)
    return ImageRow(path.stem, str(path))


@pytest.mark.parametrize(
    "fields",
    [
        {"resize": 20, "crop": 16},
        {"resize": [17, 23], "crop": None, "interpolation": "bicubic"},
        {"resize": None, "crop": None},
        {"resize": None, "crop": 64},  # larger than the image
        {"resize": 16, "crop": [15, 40]},  # wider, and lower
        {"letterbox": {"size": 48, "fill": 90}},
        {"letterbox": {"size": [32, 50], "stride": 16, "enlarge": False}},
    ],
)
def test_fitting_a_tensor_is_fitting_an_image_but_for_rounding(fields):
    pixels = np.asarray(_picture((41, 30)))
    preprocess = Preprocess.model_validate(fields)
    found = fit_tensor(torch.from_numpy(pixels.copy()).permute(2, 0, 1), preprocess).numpy()
    expected = fit(pixels, preprocess)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_jpeg_is_decoded_there_and_measured_here(tmp_path):
    row = _save(tmp_path / "a.jpg", _picture(), quality=95)
    found, expected = DeviceDecoder(_CPU)(row, _SMALL), decode(row, _SMALL)
    assert found.failure is None
    assert np.abs(found.on_device.numpy().astype(int) - expected.pixels).max() <= 2
    assert found.properties == pytest.approx(expected.properties, rel=0.02)
    assert found.size == (40, 30)
    assert found.without_pixels().on_device is None


@pytest.mark.parametrize("kind", ["png", "grey", "cmyk", "turned"])
def test_other_images_are_decoded_by_pillow(tmp_path, kind):
    if kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        row = _save(tmp_path / "a.jpg", _picture(), exif=exif)
    else:
        image = _picture(mode={"grey": "L", "cmyk": "CMYK"}.get(kind, "RGB"))
        row = _save(tmp_path / ("a.png" if kind == "png" else "a.jpg"), image)
    found, expected = DeviceDecoder(_CPU)(row, _SMALL), decode(row, _SMALL)
    np.testing.assert_array_equal(found.on_device.numpy(), expected.pixels)
    assert found.properties == expected.properties


@pytest.mark.parametrize("damage", ["cut off", "no image", "absent", "damaged inside"])
def test_what_cannot_be_read_has_the_reason_that_pillow_gives(tmp_path, damage):
    path = tmp_path / "a.jpg"
    stream = io.BytesIO()
    _picture().save(stream, "JPEG")
    data = stream.getvalue()
    made = {
        "cut off": data[:-200],
        "no image": b"text",
        "damaged inside": data[:60] + bytes(200) + data[260:],
    }
    if damage in made:
        path.write_bytes(made[damage])
    row = ImageRow("a", str(path))
    found, expected = DeviceDecoder(_CPU)(row, _SMALL), decode(row, _SMALL)
    assert expected.failure
    assert found.failure == expected.failure
    assert DeviceDecoder(_CPU)(ImageRow("a", None), _SMALL).failure == "the data set names no image file"


def test_an_evaluation_on_the_device_has_the_scores_of_one_here(tiny_networks, tmp_path):
    for number in range(12):
        path = tmp_path / "images" / ("cracked", "sound")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        _picture(seed=number).save(path, quality=95)
    (tmp_path / "images" / "sound" / "3.jpg").write_bytes(b"text")

    def evaluate(out, **options):
        fields = {"preprocess": {"resize": 20, "crop": 16}, **options}
        return evaluate_model.run(
            "python:tiny_networks:tiny",
            f"images:{tmp_path / 'images'}",
            tmp_path / out,
            options=ModelOptions.parse(fields, "test"),
            device="cpu",
            batch_size=5,
        )

    here, there = evaluate("here"), evaluate("there", decode="device")
    np.testing.assert_allclose(there.scores, here.scores, rtol=0, atol=0.01)
    assert there.header.failures == here.header.failures
    assert there.header.options_digest != here.header.options_digest
    default = evaluate("named", decode="host", compile=False)
    assert default.header.options_digest == here.header.options_digest


@pytest.mark.slow  # torch compiles for a minute
def test_a_compiled_model_gives_the_same_scores(tiny_networks, image_folder, tmp_path):
    def evaluate(out, **options):
        fields = {"preprocess": {"resize": 8, "crop": 8}, **options}
        model, dataset = "python:tiny_networks:tiny", f"images:{image_folder}"
        given = {"options": ModelOptions.parse(fields, "test"), "device": "cpu", "batch_size": 8}
        return evaluate_model.run(model, dataset, tmp_path / out, **given)

    plain, compiled = evaluate("plain"), evaluate("compiled", compile=True)
    np.testing.assert_allclose(compiled.scores, plain.scores, rtol=0, atol=1e-5)
    np.testing.assert_allclose(compiled.embeddings, plain.embeddings, rtol=0, atol=1e-5)
    assert compiled.header.options_digest != plain.header.options_digest

"""Images that are stored oddly, of one grey, of odd colour, noisy, or far from the others."""

import io

import numpy as np
import pytest
from PIL import Image

from seatrial.quality.broken import broken
from seatrial.quality.noisy import noisy
from seatrial.quality.odd_colour import odd_colour
from seatrial.quality.odd_files import odd_files
from seatrial.quality.outliers import outliers
from seatrial.quality.uniform import uniform

RGB = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(Image.fromarray(RGB), exif=exif)


def animated():
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB), Image.fromarray(RGB // 2)]
    return encoded(frames[0], save_all=True, append_images=frames[1:])


ODD = {
    "cmyk": (lambda: encoded(Image.fromarray(RGB).convert("CMYK"), "TIFF"), "warning"),
    "16_bit": (lambda: encoded(Image.fromarray(RGB[:, :, 0].astype(np.uint16) * 257)), "warning"),
    "palette": (lambda: encoded(Image.fromarray(RGB).quantize(16)), "info"),
    "transparent": (lambda: encoded(Image.fromarray(RGB).convert("RGBA")), "info"),
    "one_bit": (lambda: encoded(Image.fromarray(RGB).convert("1")), "info"),
    "animated": (animated, "warning"),
    "turned": (lambda: turned(6), "info"),
    "wrong_extension": (lambda: encoded(Image.fromarray(RGB), "JPEG"), "warning"),
}


@pytest.mark.parametrize("kind", ODD)
def test_each_oddity_is_found_named_and_counted(manifest, given, kind):
    make, severity = ODD[kind]
    data = manifest({"usual": RGB, "odd": make(), "odd too": make()})
    findings = {one.evidence["kind"]: one for one in odd_files(given(data)).findings}
    finding = findings.pop(kind)
    assert finding.sample_ids == ("odd", "odd too")
    assert (finding.severity, finding.score, finding.evidence["count"]) == (severity, 2, 2)
    assert "odd" in finding.message
    assert set(findings) <= {"wrong_extension"}  # a TIFF that is called .png
    assert broken(given(data)).findings == ()


def test_usual_images_are_not_odd(manifest, given):
    assert odd_files(given(manifest({"a": RGB, "b": RGB[:, :, 0]}))).findings == ()


def test_broken_images_are_no_odd_ones(manifest, given):
    data = manifest({"a": b"", "b": RGB})
    assert odd_files(given(data)).findings == ()


def colourful(seed):
    return np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def grey(seed):
    return np.repeat(colourful(seed)[:, :, :1], 3, axis=2)


def test_a_grey_image_among_coloured_ones_is_odd_and_the_other_way_round(manifest, given):
    data = manifest({f"n{seed}": colourful(seed) for seed in range(30)} | {"grey": grey(99)})
    (finding,) = odd_colour(given(data)).findings
    assert finding.sample_ids == ("grey",)
    assert finding.message.startswith("grey among coloured images")
    data = manifest({f"n{seed}": grey(seed) for seed in range(30)} | {"coloured": colourful(99)}, folder="b")
    (finding,) = odd_colour(given(data)).findings
    assert finding.sample_ids == ("coloured",)
    assert finding.message.startswith("coloured among grey images")


def test_where_both_are_common_neither_is_odd(manifest, given):
    images = {f"c{seed}": colourful(seed) for seed in range(20)} | {
        f"g{seed}": grey(seed) for seed in range(15)
    }
    assert odd_colour(given(manifest(images))).findings == ()


def test_few_images_say_nothing_of_what_is_usual(manifest, given):
    data = manifest({f"n{seed}": colourful(seed) for seed in range(5)} | {"grey": grey(99)})
    assert odd_colour(given(data)).findings == ()


def test_an_image_of_one_grey_is_found(manifest, given):
    blank = np.full((40, 40, 3), 128, np.uint8)
    marked = blank.copy()
    marked[3] = 0
    data = manifest({"blank": blank, "marked": marked, "scene": RGB})
    found = {one.sample_ids[0]: one.score for one in uniform(given(data)).findings}
    assert found == {"blank": 1.0, "marked": 0.975}


def smooth(seed, noise):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:60, :80]
    scene = 90 + 60 * np.sin(x / (9 + seed % 5)) * np.cos(y / 11)
    return (
        np.clip(scene[:, :, None] + rng.normal(0, noise, (60, 80, 1)), 0, 255).repeat(3, 2).astype(np.uint8)
    )


def test_noise_is_found_where_it_is_strong_or_unusual(manifest, given):
    images = {f"n{seed}": smooth(seed, 1 + seed % 3 / 2) for seed in range(30)}
    data = manifest(images | {"grainy": smooth(1, 12), "snow": smooth(2, 60)})
    found = {one.sample_ids[0]: one for one in noisy(given(data)).findings}
    assert set(found) == {"grainy", "snow"}
    assert found["grainy"].evidence["noise"] == pytest.approx(12, rel=0.1)
    alone = manifest({"grainy": smooth(1, 12), "snow": smooth(2, 60)}, folder="alone")
    assert [one.sample_ids for one in noisy(given(alone)).findings] == [("snow",)]


def test_an_outlier_names_the_properties_and_their_fences(manifest, given):
    tints = np.random.default_rng(0).uniform(0.8, 1, (40, 3))
    images = {f"n{seed}": (smooth(seed, 3) * tint).astype(np.uint8) for seed, tint in enumerate(tints)}
    data = manifest(images | {"far": np.full((60, 80, 3), [250, 20, 20], np.uint8)})
    findings = {one.sample_ids[0]: one for one in outliers(given(data)).findings}
    far = findings.pop("far")
    assert {"red_share", "saturation", "entropy"} <= set(far.evidence["properties"])
    numbers = far.evidence["properties"]["red_share"]
    assert numbers["value"] == pytest.approx(250 / 290, abs=1e-6)
    assert numbers["value"] > numbers["high"]
    assert far.score > 1
    assert not findings


def test_one_of_many_that_differs_where_all_others_are_equal_is_an_outlier(manifest, given):
    same = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    images = {f"n{row}": np.roll(same, row, axis=0) for row in range(199)}
    data = manifest(images | {"wide": np.concatenate([same, same], axis=1)})
    found = {one.sample_ids[0]: set(one.evidence["properties"]) for one in outliers(given(data)).findings}
    assert {"area", "aspect"} <= found["wide"]


def test_few_images_have_no_outliers(manifest, given):
    data = manifest({f"n{seed}": smooth(seed, 2) for seed in range(10)} | {"far": RGB})
    assert outliers(given(data)).findings == ()

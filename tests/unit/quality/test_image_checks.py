"""The checks that look at one image at a time."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from seatrial.quality import NotApplicableError
from seatrial.quality.blurred import blurred
from seatrial.quality.broken import broken
from seatrial.quality.dark import dark
from seatrial.quality.light import light
from seatrial.quality.low_information import low_information
from seatrial.quality.odd_aspect import odd_aspect
from seatrial.quality.odd_size import odd_size

IMAGE_CHECKS = [broken, dark, light, blurred, low_information, odd_aspect, odd_size]


def noise(seed=0, height=40, width=40):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def scene(seed=0, size=256):
    """Blocks with edges: like a photograph, most of its variance is in large shapes."""
    blocks = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(blocks).resize((size, size), Image.Resampling.NEAREST))


def softened(rgb, radius):
    return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(radius)))


def truncated_jpeg():
    stream = io.BytesIO()
    Image.fromarray(noise()).save(stream, "JPEG")
    return stream.getvalue()[:600]


def flagged(found):
    return {one.sample_ids[0]: one for one in found.findings}


@pytest.mark.parametrize("check", IMAGE_CHECKS)
def test_ordinary_images_raise_nothing(check, manifest, given):
    data = manifest({f"n{seed}": scene(seed) for seed in range(25)})
    assert check(given(data)).findings == ()


@pytest.mark.parametrize("check", IMAGE_CHECKS)
def test_a_table_without_images_is_skipped(check, manifest, given):
    with pytest.raises(NotApplicableError, match="no images"):
        check(given(manifest({"a": None, "b": None})))


@pytest.mark.parametrize("check", IMAGE_CHECKS)
def test_broken_images_stop_no_check(check, manifest, given):
    data = manifest({"empty": b"", "text": b"no image", "fine": scene()})
    assert set(flagged(check(given(data)))) <= {"empty", "text"}


def test_each_broken_image_says_why(manifest, given, tmp_path):
    images = {
        "fine": noise(),
        "empty": b"",
        "text": b"hello",
        "cut": truncated_jpeg(),
        "gone": tmp_path / "gone.png",
    }
    found = flagged(broken(given(manifest(images))))
    reasons = {name: one.evidence["reason"] for name, one in found.items()}
    assert reasons.pop("cut").startswith("truncated or damaged")
    assert reasons == {"empty": "empty file", "text": "not an image", "gone": "no such file"}
    assert all(one.severity == "error" for one in found.values())


def test_a_row_without_an_image_is_not_broken(manifest, given):
    assert broken(given(manifest({"a": noise(), "b": None}))).findings == ()


def test_an_image_is_dark_when_99_percent_of_it_are(manifest, given):
    night = np.full((40, 40, 3), 70, dtype=np.uint8)
    lamp = night.copy()
    lamp[:8, :8] = 255
    found = flagged(dark(given(manifest({"night": night, "lamp": lamp, "day": noise()}))))
    assert set(found) == {"night"}
    assert found["night"].evidence["brightness_p99"] == pytest.approx(70 / 255, abs=1e-6)
    assert found["night"].score == pytest.approx(1 - 70 / 255, abs=1e-6)


def test_an_image_is_light_when_95_percent_of_it_are(manifest, given):
    snow = np.full((40, 40, 3), 250, dtype=np.uint8)
    rock = snow.copy()
    rock[:10, :10] = 0
    found = flagged(light(given(manifest({"snow": snow, "rock": rock, "day": noise()}))))
    assert set(found) == {"snow"}


def test_thresholds_can_be_set(manifest, given):
    data = manifest({"dim": np.full((9, 9, 3), 100, dtype=np.uint8)})
    assert dark(given(data)).findings == ()
    assert len(dark(given(data, dark_p99=0.5)).findings) == 1


def test_a_blurred_image_is_found_and_its_sharp_original_is_not(manifest, given):
    images = {"sharp": scene(1), "soft": softened(scene(1), 4), "pale": scene(1) // 8 + 120}
    assert set(flagged(blurred(given(manifest(images))))) == {"soft"}


def test_the_more_blurred_image_scores_higher(manifest, given):
    data = manifest({str(radius): softened(scene(1), radius) for radius in (1, 2, 3)})
    found = flagged(blurred(given(data, blurred_ratio=1.0)))
    assert found["3"].score > found["2"].score > found["1"].score


def test_a_smallish_amount_of_detail_counts_only_against_a_sharp_data_set(manifest, given):
    half = softened(scene(50), 1.2)
    sharp = {f"s{seed}": scene(seed) for seed in range(24)}
    soft = {f"h{seed}": softened(scene(seed), 1.2) for seed in range(24)}
    options = {"blurred_ratio": 0.001, "blurred_outlier_ratio": 0.9, "blurred_factor": 1.5}
    assert set(flagged(blurred(given(manifest(sharp | {"half": half}), **options)))) == {"half"}
    assert blurred(given(manifest(soft | {"half": half}, folder="soft"), **options)).findings == ()


def test_a_blank_image_holds_no_information_but_is_not_blurred(manifest, given):
    data = manifest({"blank": np.full((40, 40, 3), 128, dtype=np.uint8), "scene": scene()})
    assert set(flagged(low_information(given(data)))) == {"blank"}
    assert blurred(given(data)).findings == ()


def test_a_strip_has_an_odd_aspect_either_way(manifest, given):
    data = manifest({"flat": noise(0, 10, 40), "tall": noise(0, 40, 10), "wide": noise(0, 20, 40)})
    found = flagged(odd_aspect(given(data)))
    assert set(found) == {"flat", "tall"}
    assert found["flat"].message == "odd aspect: 40×10 pixels"


def test_far_larger_and_far_smaller_images_are_odd(manifest, given):
    usual = {f"n{seed}": noise(seed) for seed in range(30)}
    odd = {"huge": noise(1, 400, 400), "tiny": noise(2, 8, 8), "half_more": noise(3, 60, 60)}
    found = flagged(odd_size(given(manifest(usual | odd))))
    assert set(found) == {"huge", "tiny"}
    assert found["huge"].evidence["times_median"] == pytest.approx(10)


def test_a_handful_of_images_has_no_odd_size(manifest, given):
    assert odd_size(given(manifest({"a": noise(0), "b": noise(1), "c": noise(2, 400, 400)}))).findings == ()


def test_sizes_that_spread_widely_are_not_odd(manifest, given):
    images = {f"n{side}": noise(side, side, side) for side in range(10, 90, 3)}
    assert odd_size(given(manifest(images))).findings == ()

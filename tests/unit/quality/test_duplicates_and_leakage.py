"""Images that are there twice, within a data set and across its split."""

import io

import numpy as np
import pytest
from PIL import Image

from seatrial.quality import NotApplicableError
from seatrial.quality.exact_duplicates import exact_duplicates
from seatrial.quality.group_leakage import group_leakage
from seatrial.quality.split_leakage import split_leakage


def noise(seed=0, height=12, width=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def as_bmp(rgb):
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "BMP")
    return stream.getvalue()


def test_copies_are_grouped_and_the_first_is_kept(manifest, given):
    images = {"a": noise(1), "b": noise(2), "a2": noise(1), "a3": noise(1), "b2": noise(2), "c": noise(3)}
    found = exact_duplicates(given(manifest(images))).findings
    assert {one.sample_ids for one in found} == {("a", "a2", "a3"), ("b", "b2")}
    assert {one.evidence["keep"]: one.evidence["drop"] for one in found} == {"a": ["a2", "a3"], "b": ["b2"]}
    assert {one.score for one in found} == {2.0, 1.0}


def test_other_bytes_with_the_same_pixels_are_duplicates(manifest, given):
    found = exact_duplicates(given(manifest({"png": noise(1), "bmp": as_bmp(noise(1))}))).findings
    assert [one.sample_ids for one in found] == [("png", "bmp")]


def test_one_pixel_in_one_channel_makes_another_image(manifest, given):
    other = noise(1)
    other[5, 5, 0] ^= 1
    assert exact_duplicates(given(manifest({"a": noise(1), "b": other}))).findings == ()


def test_the_same_bytes_in_another_shape_are_not_duplicates(manifest, given):
    plain = {"flat": np.full((2, 8, 3), 90, np.uint8), "square": np.full((4, 4, 3), 90, np.uint8)}
    assert exact_duplicates(given(manifest(plain))).findings == ()


def test_the_labelled_copy_is_kept(manifest, given):
    data = manifest({"a": noise(1), "b": noise(1)}, {"a": None, "b": "dog"})
    (finding,) = exact_duplicates(given(data)).findings
    assert (finding.evidence["keep"], finding.severity) == ("b", "warning")


def test_labels_that_contradict_each_other_make_it_an_error(manifest, given):
    data = manifest({"a": noise(1), "b": noise(1)}, {"a": "cat", "b": "dog"})
    (finding,) = exact_duplicates(given(data)).findings
    assert finding.severity == "error"
    assert finding.evidence["labels"] == ["cat", "dog"]
    assert "contradict" in finding.message


def test_broken_images_are_not_duplicates_of_each_other(manifest, given):
    assert exact_duplicates(given(manifest({"a": b"", "b": b"", "c": noise()}))).findings == ()


def test_an_image_of_the_reference_is_leaked(manifest, given):
    data = manifest({"v1": noise(1), "v2": as_bmp(noise(2)), "v3": noise(2), "v4": noise(4)})
    reference = manifest({"t1": noise(9), "t2": noise(2), "t3": noise(2)}, folder="train")
    (finding,) = split_leakage(given(data, reference)).findings
    assert finding.sample_ids == ("v2", "v3")
    assert finding.evidence["reference_ids"] == ["t2", "t3"]
    assert (finding.severity, finding.score) == ("error", 2.0)


def test_leakage_needs_a_reference_with_images(manifest, given):
    data = manifest({"a": noise()})
    with pytest.raises(NotApplicableError, match="no reference"):
        split_leakage(given(data))
    with pytest.raises(NotApplicableError, match="the reference has no images"):
        split_leakage(given(data, manifest({"t": None}, folder="train")))


def test_a_scene_on_both_sides_is_a_group_leak(manifest, given):
    data = manifest({f"v{n}": noise(n) for n in range(4)}, groups={"v0": "s1", "v1": "s1", "v2": "s2"})
    reference = manifest(
        {f"t{n}": noise(9 + n) for n in range(3)}, groups={"t0": "s1", "t1": "s3"}, folder="train"
    )
    (finding,) = group_leakage(given(data, reference)).findings
    assert finding.sample_ids == ("v0", "v1")
    assert finding.evidence == {"group": "s1", "samples": 2, "reference_samples": 1}


def test_group_leakage_says_which_side_has_no_groups(manifest, given):
    grouped = manifest({"a": noise()}, groups={"a": "s1"})
    plain = manifest({"t": noise(1)}, folder="train")
    with pytest.raises(NotApplicableError, match="the reference has no groups"):
        group_leakage(given(grouped, plain))
    with pytest.raises(NotApplicableError, match="the data set has no groups"):
        group_leakage(given(plain, grouped))

"""Copies that are not equal to the pixel, within a data set and across its split."""

import io

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from seatrial.quality import NotApplicableError
from seatrial.quality.near import connected
from seatrial.quality.near.hashes import BITS, candidate_pairs, look_hashes
from seatrial.quality.near_duplicates import near_duplicates
from seatrial.quality.near_leakage import near_leakage


def scene(seed, height=96, width=128):
    """A picture with shapes of all sizes, as photographs have."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), rng.integers(60, 200, 3), dtype=np.float64)
    for level in range(1, 6):
        grid = rng.normal(0, 60 / level, (2**level, 2**level, 3))
        fine = [Image.fromarray(grid[:, :, channel]).resize((width, height), 3) for channel in range(3)]
        image += np.stack([np.asarray(one) for one in fine], axis=2)
    return image.clip(0, 255).astype(np.uint8)


def as_jpeg(rgb, quality=90):
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def resized(rgb, factor):
    size = (round(rgb.shape[1] * factor), round(rgb.shape[0] * factor))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))


def cropped(rgb, share, *, each_side):
    y, x = (max(1, round(side * share)) for side in rgb.shape[:2])
    return np.ascontiguousarray(rgb[y:-y, x:-x] if each_side else rgb[y:, x:])


COPIES = {
    "re-encoded": lambda rgb: as_jpeg(rgb, 40),
    "half the size": lambda rgb: as_jpeg(resized(rgb, 0.5)),
    "twice the size": lambda rgb: as_jpeg(resized(rgb, 2)),
    "cropped on two sides": lambda rgb: as_jpeg(cropped(rgb, 0.03, each_side=False)),
    "cropped on four sides": lambda rgb: as_jpeg(cropped(rgb, 0.03, each_side=True)),
    "darker": lambda rgb: as_jpeg(np.asarray(ImageEnhance.Brightness(Image.fromarray(rgb)).enhance(0.8))),
    "brighter": lambda rgb: as_jpeg((rgb.astype(int) + 25).clip(0, 255).astype(np.uint8)),
    "all of it": lambda rgb: as_jpeg(
        cropped(resized((rgb * 0.9).astype(np.uint8), 1.5), 0.02, each_side=True)
    ),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_found_among_other_images(manifest, given, copy):
    images = {f"n{seed}": scene(seed) for seed in range(30)}
    data = manifest(images | {"copy": COPIES[copy](images["n7"])})
    (finding,) = near_duplicates(given(data)).findings
    assert set(finding.sample_ids) == {"n7", "copy"}
    assert finding.evidence["least_correlation"] >= 0.988
    assert finding.severity == "warning"


@pytest.mark.parametrize("copy", COPIES)
def test_a_leaked_copy_is_found_in_the_reference(manifest, given, copy):
    train = manifest({f"t{seed}": scene(seed) for seed in range(12)}, folder="train")
    val = manifest({f"v{seed}": scene(100 + seed) for seed in range(6)} | {"leak": COPIES[copy](scene(5))})
    (finding,) = near_leakage(given(val, train)).findings
    assert finding.sample_ids == ("leak",)
    assert finding.evidence["reference_ids"] == ["t5"]
    assert finding.severity == "error"


def test_other_scenes_are_no_copies(manifest, given):
    data = manifest({f"n{seed}": scene(seed) for seed in range(60)})
    assert near_duplicates(given(data)).findings == ()


def test_the_largest_labelled_copy_is_kept_and_contradicting_labels_are_an_error(manifest, given):
    large = resized(scene(1), 2)
    images = {"small": scene(1), "large": large, "larger": as_jpeg(resized(large, 1.5))}
    data = manifest(images, {"small": "cat", "large": "dog", "larger": None})
    (finding,) = near_duplicates(given(data)).findings
    assert finding.evidence["keep"] == "large"
    assert finding.evidence["drop"] == ["small", "larger"]
    assert finding.evidence["labels"] == ["cat", "dog"]
    assert finding.severity == "error"
    assert "contradict each other" in finding.message


def test_equal_images_are_left_to_the_check_of_exact_duplicates(manifest, given):
    data = manifest({"a": scene(1), "a2": scene(1), "b": scene(2)})
    assert near_duplicates(given(data)).findings == ()
    train = manifest({"t": scene(1)}, folder="train")
    assert near_leakage(given(data, train)).findings == ()


def test_all_samples_of_an_image_that_is_there_twice_are_spoilt_by_a_leak(manifest, given):
    data = manifest({"a": scene(1), "b": scene(2), "a2": scene(1)})
    train = manifest({"t": as_jpeg(scene(1), 50)}, folder="train")
    (finding,) = near_leakage(given(data, train)).findings
    assert finding.sample_ids == ("a", "a2")
    assert finding.score == 2


def test_one_structure_in_another_colour_is_another_image(manifest, given):
    rgb = scene(3)
    swapped = np.ascontiguousarray(rgb // 2 + np.array([100, 20, 0], dtype=np.uint8))
    assert near_duplicates(given(manifest({"a": rgb, "b": swapped}))).findings == ()


def test_blank_images_are_not_each_others_copies(manifest, given):
    blank = {f"n{level}": np.full((40, 40, 3), level, np.uint8) for level in (10, 90, 200)}
    assert near_duplicates(given(manifest(blank))).findings == ()


def test_broken_images_are_passed_over(manifest, given):
    data = manifest({"broken": b"", "a": scene(1), "none": None, "b": as_jpeg(scene(1))})
    (finding,) = near_duplicates(given(data)).findings
    assert finding.sample_ids == ("a", "b")


def test_a_reference_without_images_is_said(manifest, given):
    with pytest.raises(NotApplicableError, match="only a table"):
        near_leakage(given(manifest({"a": scene(1)}), manifest({"t": None}, folder="train")))


def test_the_order_of_the_images_does_not_matter(manifest, given):
    images = {f"n{seed}": scene(seed) for seed in range(8)}
    images |= {f"c{seed}": as_jpeg(cropped(scene(seed), 0.03, each_side=True)) for seed in range(0, 8, 3)}
    groups = {one.sample_ids for one in near_duplicates(given(manifest(images))).findings}
    backwards = manifest(dict(reversed(images.items())), folder="backwards")
    reverse = {tuple(sorted(one.sample_ids)) for one in near_duplicates(given(backwards)).findings}
    assert {tuple(sorted(one)) for one in groups} == reverse == {("c0", "n0"), ("c3", "n3"), ("c6", "n6")}


@settings(max_examples=60, deadline=None)
@hypothesis_given(st.lists(st.tuples(st.integers(0, 6), st.integers(7, 14)), max_size=25))
def test_groups_are_what_pairs_connect(pairs):
    expected = [{row} for row in range(15)]
    for one, other in pairs:
        joined = expected[one] | expected[other]
        for row in joined:
            expected[row] = joined
    groups = {frozenset(one) for one in expected if len(one) > 1}
    found = connected(15, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    assert {frozenset(rows.tolist()) for rows in found} == groups
    assert [int(rows[0]) for rows in found] == sorted(int(rows[0]) for rows in found)


def test_a_hash_has_256_bits_half_of_them_set_and_does_not_know_brightness():
    looks = np.random.default_rng(0).integers(40, 200, (20, 24, 24), dtype=np.uint8)
    hashes = look_hashes(looks)
    assert np.array_equal(hashes, look_hashes(looks + 50))
    bits = np.unpackbits(hashes.view(np.uint8), axis=1).sum(axis=1)
    assert hashes.shape == (20, 4)
    assert set(bits.tolist()) == {BITS // 2 - 1}


def planted_hashes(n, seed=0):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, (n, 4), dtype=np.uint64)
    copies = rng.choice(n, n // 20, replace=False)
    near = hashes[copies].copy()
    near[:, 0] ^= rng.integers(0, 2**20, len(copies), dtype=np.uint64)
    return np.concatenate([hashes, near]), np.column_stack([copies, n + np.arange(len(copies))])


def test_candidates_are_those_of_comparing_every_pair():
    hashes, planted = planted_hashes(400)
    pairs = candidate_pairs(hashes)
    bits = np.unpackbits((hashes[:, None] ^ hashes[None]).view(np.uint8), axis=2).sum(axis=2)
    expected = np.argwhere(np.triu(bits <= 88, 1))
    assert np.array_equal(pairs, expected)
    assert {tuple(one) for one in planted.tolist()} == {tuple(one) for one in pairs.tolist()}


def test_candidates_across_are_those_of_comparing_every_pair():
    hashes, planted = planted_hashes(200)
    assert np.array_equal(candidate_pairs(hashes[200:], hashes[:200])[:, ::-1] + [0, 200], planted)


def test_each_row_has_its_nearest_candidates_where_there_are_too_many():
    base = np.zeros((50, 4), np.uint64)
    base[:, 0] = (1 << np.arange(50, dtype=np.uint64)) - 1  # row n differs from row m in |n − m| bits
    pairs = candidate_pairs(base[:1], base[1:], most=5)
    assert pairs.tolist() == [[0, row] for row in range(5)]


def test_nothing_has_no_candidates():
    assert candidate_pairs(np.empty((0, 4), np.uint64)).shape == (0, 2)


def test_many_hashes_are_searched_by_cells_and_the_same_is_found(monkeypatch):
    hashes, planted = planted_hashes(1500, seed=3)
    expected = {tuple(one) for one in candidate_pairs(hashes).tolist()}
    monkeypatch.setattr("seatrial.quality.near.hashes.EXACT_HASHES", 1000)
    found = {tuple(one) for one in candidate_pairs(hashes).tolist()}
    assert {tuple(one) for one in planted.tolist()} <= found <= expected
    across = candidate_pairs(hashes[1500:], hashes[:1500])
    assert across[:, 1].tolist() == planted[:, 0].tolist()


def test_a_data_set_of_which_every_image_is_in_the_reference_has_no_near_leaks(manifest, given):
    here, train = manifest({"a": scene(1)}), manifest({"t": scene(1)}, folder="train")
    assert near_leakage(given(here, train)).findings == ()
    blank = manifest({"b": np.full((9, 9, 3), 9, np.uint8)}, folder="blank")
    assert near_duplicates(given(blank)).findings == ()
    broken = manifest({"c": b""}, folder="broken")
    assert near_duplicates(given(broken)).findings == near_leakage(given(broken, train)).findings == ()

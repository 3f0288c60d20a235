"""The map that the page draws: places, colours and pictures of the right samples."""

import base64
from dataclasses import replace

import numpy as np
import pytest

from seatrial.reporting.atlas import Atlas, Picture
from seatrial.reporting.embedding_points import POINTS, _shown, map_payload


@pytest.fixture(scope="module")
def inputs(refused):
    """Twelve samples of three clear clusters: few enough to be laid out linearly."""
    table = refused.candidate
    rng = np.random.default_rng(0)
    vectors = rng.normal(0, 0.1, (12, 6)).astype(np.float32)
    vectors[np.arange(12), np.arange(12) % 3] += 10
    few = replace(table, samples=table.samples.slice(0, 12), scores=table.scores[:12], embeddings=vectors)
    return refused.inputs(candidate=few)


def unpacked(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def made(inputs, pictures=(), groups=None):
    return map_payload(inputs.candidate, inputs.outcomes, Atlas(tuple(pictures), {}), groups or {})


def test_samples_that_are_alike_lie_together(inputs):
    payload = made(inputs)
    places = np.stack([unpacked(payload[axis], "<u2") for axis in "xy"], axis=1).astype(float)
    assert places.min(axis=0).tolist() == [0, 0]
    assert places.max(axis=0).tolist() == [65_535, 65_535]
    far = np.linalg.norm(places[:, None] - places[None], axis=2)
    same = np.arange(12) % 3 == (np.arange(12) % 3)[:, None]
    assert far[same].max() < far[~same].min()


def test_points_are_coloured_by_error_class_and_what_is_told(inputs):
    told = ["one" if row % 2 else None for row in range(12)]
    payload = made(inputs, groups={"cause": told})
    colours = {one["name"]: one for one in payload["colours"]}
    error = colours["error"]
    words = [error["labels"][code] for code in unpacked(error["codes"], "u1")]
    assert words == ["wrong" if one else "right" for one in inputs.outcomes.error]
    cause = colours["cause"]
    assert [cause["labels"][code] for code in unpacked(cause["codes"], "u1")] == [
        one or "none" for one in told
    ]
    truth = colours["truth"]
    assert [truth["labels"][code] for code in unpacked(truth["codes"], "u1")] == list(inputs.outcomes.truth)


def test_images_of_which_parts_are_wrong_are_coloured_by_how_much(segmentation):
    vectors = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
    few = replace(
        segmentation.candidate, embeddings=vectors[:12], samples=segmentation.candidate.samples.slice(0, 12)
    )
    outcomes = replace(
        segmentation.outcomes, error=np.array([np.nan, 0, 0.1, 0.25, 0.3, 0.5, 0.6, *[1.0] * 5])
    )
    told = map_payload(few, outcomes, Atlas((), {}), {})["colours"][0]
    assert len(told["labels"]) == 5
    assert unpacked(told["codes"], "u1").tolist() == [0, 1, 2, 2, 3, 3, *[4] * 6]


def test_of_many_words_the_most_frequent_have_a_colour(inputs):
    words = [f"w{row:02}" for row in range(11)] + ["w03"]
    told = made(inputs, groups={"slice": words})["colours"][-1]
    assert told["labels"] == sorted(set(words)), "eleven words have a colour each"
    words[11] = "w11"
    told = made(inputs, groups={"slice": words})["colours"][-1]
    assert told["labels"] == [*words[:11], "others"]
    assert unpacked(told["codes"], "u1").tolist() == list(range(12))


def test_points_know_their_pictures(inputs):
    payload = made(inputs, [Picture(7, "data:seven"), Picture(2, "data:two")])
    pictures = unpacked(payload["pictures"], "<i4")
    assert {row: place for row, place in enumerate(pictures.tolist()) if place >= 0} == {7: 0, 2: 1}


def test_of_too_many_points_errors_are_drawn_before_others(inputs):
    n = POINTS + 50_000
    error = np.zeros(n)
    error[::1_000] = 0.5
    rows = _shown(replace(inputs.outcomes, error=error))
    assert len(rows) == len(set(rows.tolist())) == POINTS
    assert (np.diff(rows) > 0).all()
    assert set(range(0, n, 1_000)) <= set(rows.tolist())
    mostly_wrong = _shown(replace(inputs.outcomes, error=np.where(np.arange(n) < 140_000, 1.0, 0.0)))
    right = int((mostly_wrong >= 140_000).sum())
    assert 4_000 < right < 6_000, "half are errors, the other half is drawn alike from all that is left"


@pytest.mark.parametrize("broken", [None, "two", "nan"])
def test_without_embeddings_there_is_no_map(broken, inputs):
    vectors = None
    table = inputs.candidate
    if broken == "two":
        table = replace(table, samples=table.samples.slice(0, 2), scores=table.scores[:2])
        vectors = np.ones((2, 3), dtype=np.float32)
    if broken == "nan":
        vectors = np.full((12, 3), np.nan, dtype=np.float32)
    table = replace(table, embeddings=vectors)
    assert map_payload(table, inputs.outcomes, Atlas((), {}), {}) is None

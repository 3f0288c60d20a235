"""Which samples have a small picture, and which each cell of the confusion matrix opens."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from seatrial.reporting.atlas import PER_CELL, draw_atlas


@pytest.fixture
def drawn(refused):
    inputs = refused.inputs()
    uris = inputs.candidate.samples.column("uri").to_pylist()

    def draw(most=10_000, room=10**7, uris=uris, first=()):
        return draw_atlas(uris, inputs.outcomes, inputs.failures, first=first, most=most, room=room)

    return draw


def test_each_cell_opens_its_worst_samples_the_worst_first(drawn, refused):
    atlas, failures = drawn(), refused.inputs().failures
    for (truth, said), places in atlas.cells.items():
        units = np.flatnonzero((failures.truth == truth) & (failures.prediction == said))
        worst = units[np.lexsort((failures.row[units], -failures.loss[units]))][:PER_CELL]
        assert [atlas.pictures[place].row for place in places] == failures.row[worst].tolist()


def test_every_sample_is_there_once_and_errors_come_before_the_rest(drawn, refused):
    atlas, outcomes = drawn(), refused.inputs().outcomes
    rows = [one.row for one in atlas.pictures]
    assert sorted(rows) == list(range(len(outcomes.error)))
    beyond = rows[4 * PER_CELL :]
    wrong = [bool(outcomes.error[row] > 0) for row in beyond]
    assert wrong == sorted(wrong, reverse=True)


def test_what_is_asked_for_comes_first(drawn):
    atlas = drawn(first=(200, 3, 200), most=10)
    assert [one.row for one in atlas.pictures][:2] == [200, 3]
    assert len(atlas.pictures) == 10


def test_pictures_are_small_and_know_how_large_their_image_is(drawn, refused):
    one = drawn(most=1).pictures[0]
    head, data = one.source.split(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == one.size == (32, 32)


@pytest.mark.parametrize("room", [0, 1_200, 5_000, 60_000])
def test_pictures_stay_within_their_room_and_the_samples_are_there_without(drawn, room):
    atlas = drawn(room=room)
    assert atlas.size <= room
    assert len(atlas.pictures) == 240
    assert all(one.size is None for one in atlas.pictures if not one.source)


def test_an_image_that_cannot_be_read_leaves_its_sample_without_a_picture(drawn, refused, tmp_path):
    uris = refused.candidate.samples.column("uri").to_pylist()
    (tmp_path / "no.png").write_bytes(b"no image")
    atlas = drawn(uris=[str(tmp_path / "no.png"), None, str(tmp_path / "gone.png"), *uris[3:]])
    without = {one.row for one in atlas.pictures if not one.source}
    assert without == {0, 1, 2}


def test_a_detectors_cells_list_an_image_once_and_know_the_background(detection):
    uris = detection.candidate.samples.column("uri").to_pylist()
    atlas = draw_atlas(uris, detection.outcomes, detection.failures, most=99, room=10**6)
    rows = {cell: [atlas.pictures[place].row for place in places] for cell, places in atlas.cells.items()}
    nights = set(range(1, 24, 2))
    assert set(rows[1, 2]) == set(rows[2, 0]) == nights, "people are missed, and cars seen in the sky"
    assert all(len(one) == len(set(one)) for one in rows.values())

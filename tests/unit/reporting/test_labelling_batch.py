"""The batch as the report lists it: in order, with reasons, pictures within their room, and as text."""

import csv
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import read_dataset
from seatrial.errors import InputError
from seatrial.labelling import LabellingQueue, QueueItem
from seatrial.labelling.queue import SuggestedBox
from seatrial.reporting import FoundBatch
from seatrial.reporting.labelling_batch import batch_view

REPORT = {
    "evaluation": {"dataset_digest": "sha256:cells"},
    "pool": {"dataset": "pool", "images": 4000},
    "groups": [{"name": "dark ones", "failures": 12, "chosen": 9}],
    "chosen": 30,
    "left_out": {"chosen already": 4},
    "remarks": ["2 images of the pool cannot be read"],
}


@pytest.fixture
def folder(tmp_path):
    """A queue of thirty images, as it is written, of which the third is gone."""
    for number in range(30):
        pixels = np.random.default_rng(number).integers(0, 255, (40, 60, 3), dtype=np.uint8)
        (tmp_path / "pool").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "pool" / f"{number:02}.png")
    manifest = read_dataset(f"images:{tmp_path / 'pool'}?classes=cat,dog")
    box = SuggestedBox("dog", 3, 4, 20, 30, 0.5)
    items = [
        QueueItem(f"{number:02}.png", 1 / (1 + number), f"reason, {number}", "dark ones",
                  "cat" if number % 2 else None, () if number % 2 else (box,))
        for number in reversed(range(30))
    ]  # fmt: skip
    (tmp_path / "batch").mkdir()
    LabellingQueue.of(manifest, items).write(tmp_path / "batch")
    (tmp_path / "batch" / "mining.json").write_text(json.dumps(REPORT))
    (tmp_path / "pool" / "27.png").unlink()
    return tmp_path / "batch"


def viewed(folder, pictures=100, room=10**6):
    return batch_view(FoundBatch.read(folder), pictures=pictures, room=room)


def test_images_are_listed_in_their_order_with_reason_group_and_proposal(folder):
    view = viewed(folder)
    listed = [*view.open, *view.folded]
    assert [one.rank for one in listed] == [str(rank) for rank in range(1, 31)]
    assert [one.id for one in listed] == [f"{number:02}.png" for number in reversed(range(30))]
    assert (listed[0].reason, listed[0].group, listed[0].suggested) == ("reason, 29", "dark ones", "cat")
    assert listed[1].suggested == "1 box"
    assert len(view.open) == 12
    assert view.groups == (("dark ones", "12", "9"),)
    assert view.remarks == ("2 images of the pool cannot be read",)


def test_what_cannot_be_read_is_listed_without_a_picture(folder):
    view = viewed(folder)
    assert [one.id for one in (*view.open, *view.folded) if one.source is None] == ["27.png"]


def test_texts_hold_the_same_images(folder):
    view = viewed(folder)
    rows = list(csv.DictReader(io.StringIO(view.table)))
    assert [row["id"] for row in rows] == view.ids.split("\n")
    assert rows[3] == {
        "rank": "4", "id": "26.png", "group": "dark ones", "suggested_label": "", "reason": "reason, 26",
    }  # fmt: skip
    assert view.uncopied == ""


@pytest.mark.parametrize(("pictures", "room"), [(0, 10**6), (5, 10**6), (100, 0), (100, 9_000)])
def test_pictures_stay_within_their_number_and_room(folder, pictures, room):
    view = viewed(folder, pictures, room)
    sources = [one.source for one in (*view.open, *view.folded) if one.source]
    assert len(sources) <= pictures
    assert sum(map(len, sources)) == view.size <= room


def test_an_incomplete_folder_is_refused(folder):
    report = dict(REPORT)
    del report["remarks"]
    (folder / "mining.json").write_text(json.dumps(report))
    with pytest.raises(InputError, match="expected the key 'remarks', there is none"):
        FoundBatch.read(folder)
    (folder / "mining.json").unlink()
    with pytest.raises(InputError, match=re.escape("mine-edge-cases writes it")):
        FoundBatch.read(folder)

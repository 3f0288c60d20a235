"""The maps of the page: of the right sample, on the part of its picture that the model saw."""

import base64
import json

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EXPLANATION_SCHEMA, Explanations
from seatrial.reporting import FoundSaliency
from seatrial.reporting.atlas import Atlas, Picture
from seatrial.reporting.saliency import saliency_payload

NAMES = ("cat", "dog")
ROWS = {"a": 0, "b": 1, "c": 2}


def explained(*rows, **header):
    """Make explanations of maps of two by two cells."""
    given = [
        dict.fromkeys(EXPLANATION_SCHEMA.names)
        | {
            "side": 2,
            "map": bytes([0, 85, 170, 255]),
            "kind": "confused",
            "truth": "cat",
            "prediction": "dog",
        }
        | row
        for row in rows
    ]
    table = pa.Table.from_pylist(given, schema=EXPLANATION_SCHEMA)
    return Explanations(table, {"side": 2, "method": "gradient", **header})


def told(explanations, *, sizes=((100, 50),) * 3, cells=(), room=10**6):
    pictures = tuple(Picture(row, "data:", size) for row, size in enumerate(sizes))
    return saliency_payload(FoundSaliency(explanations, cells), Atlas(pictures, {}), ROWS, NAMES, room=room)


@pytest.mark.parametrize(
    ("preprocess", "frame"),
    [
        (None, [0, 0, 1, 1]),
        ({"resize": [20, 20], "crop": None}, [0, 0, 1, 1]),
        ({"resize": 20, "crop": 10}, [0.375, 0.25, 0.25, 0.5]),
        ({"resize": None, "crop": None}, [0, 0, 1, 1]),
        ({"resize": None, "crop": None, "letterbox": 100}, [0, -0.5, 1, 2]),
    ],
)
def test_a_map_lies_on_what_the_model_saw(preprocess, frame):
    header = {} if preprocess is None else {"preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1], **preprocess}}
    assert told(explained({"id": "a"}, **header))["frames"] == [frame]


def test_each_picture_has_its_own_maps_what_is_wrong_first():
    made = told(
        explained(
            {"id": "c", "kind": "right", "prediction": "cat"},
            {"id": "c", "map": bytes(4)},
            {"id": "a"},
            {"id": "elsewhere"},
            {"id": "b", "map": None},
        )
    )
    assert made["of"] == {0: [0], 2: [1, 2]}
    assert [one[:2] for one in made["maps"]] == [[0, 1], [0, 1], [0, 0]]
    assert base64.b64decode(made["maps"][1][2]) == bytes(4)
    assert base64.b64decode(made["maps"][0][2]) == bytes([0, 85, 170, 255])


def test_a_core_is_a_bit_a_cell_and_a_window_is_told_where_it_tells_something():
    core = bytes([255, 0, 127, 128])
    window = [0.1, 0.2, 0.25, 0.25]
    made = told(
        explained(
            {"id": "a", "core": core, "off_core": 0.25, "patch": window, "patch_flip": 0.3},
            {"id": "b", "patch": window, "patch_flip": 0.2},
        )
    )
    first, second = made["maps"]
    bits = np.unpackbits(np.frombuffer(base64.b64decode(first[5]), dtype=np.uint8))[:4]
    assert bits.tolist() == [1, 0, 0, 1]
    assert (first[4], first[6]) == (window, 0.25)
    assert second[4:] == [None, None, None]


def test_a_cell_tells_its_mean_map_and_its_share_outside_of_the_core():
    share = {"value": 0.4, "low": 0.3, "high": 0.6, "n": 9}
    cells = [
        {"truth": "cat", "prediction": "dog", "kind": "confused", "n": 12, "explained": 9,
         "mean_map": [[0.0, 0.1], [0.2, 0.4]], "off_core": share},
        {"truth": "dog", "prediction": "cat", "kind": "confused", "n": 2, "explained": 0, "mean_map": None},
        {"truth": None, "prediction": None, "kind": None, "n": 1, "explained": 1, "mean_map": [[1.0]]},
    ]  # fmt: skip
    made = told(explained({"id": "a"}), cells=cells)["cells"]
    assert list(made) == ["0-1"]
    kind, n, of_these, off, mean = made["0-1"][0]
    assert (kind, n, of_these, off) == ("confused", 12, 9, [0.4, 0.3, 0.6, 9])
    assert base64.b64decode(mean) == bytes([0, 64, 128, 255])


@pytest.mark.parametrize("room", [0, 500, 5_000])
def test_maps_stay_within_their_room(room):
    rows = [{"id": "abc"[number % 3], "core": bytes(4)} for number in range(600)]
    made = told(explained(*rows), room=room)
    size = 0 if made is None else len(json.dumps(made["maps"], separators=(",", ":")))
    assert size <= room


def test_without_a_picture_there_is_nothing_to_lay_a_map_over():
    assert told(explained({"id": "a"}), sizes=(None, None, None)) is None


def test_an_incomplete_folder_is_refused(tmp_path):
    explained({"id": "a"}).write(tmp_path)
    with pytest.raises(InputError, match=r"confusion_cells\.json.*explain-errors writes it"):
        FoundSaliency.read(tmp_path)
    (tmp_path / "confusion_cells.json").write_text('{"cells": 3}')
    with pytest.raises(InputError, match="expected the key 'cells' with a list"):
        FoundSaliency.read(tmp_path)
    (tmp_path / "confusion_cells.json").write_text('{"cells": []}')
    assert len(FoundSaliency.read(tmp_path).explanations) == 1

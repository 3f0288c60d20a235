"""Label Studio's own SDK and Datumaro's reader of CVAT take what is exported for them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.datasets.rle import encode_mask
from seatrial.labelling import LabellingQueue, QueueItem, SuggestedBox, export

_READER = Path(__file__).parent / "labelling_reader.py"
_PYTHON = (
    Path(os.environ.get("SEATRIAL_LABELLING_TOOLS", _READER.parents[2] / ".venv-labelling")) / "bin/python"
)

CLASSES = ("cat", '<dog> & "wolf"', "ü,;|")
NAMES = ("plain.png", "größe 日本 %2F #1.png", "a 'quoted' & <tagged>.png")
HEIGHT, WIDTH = 40, 60


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Export a queue with labels, boxes and masks, and give what the tools read of it."""
    if not _PYTHON.exists():
        pytest.skip(
            f"needs label-studio-sdk and datumaro in an environment of their own, {_PYTHON.parents[1]}"
        )
    folder = tmp_path_factory.mktemp("exports")
    images = folder / "images"
    images.mkdir()
    for name in NAMES:
        Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)).save(images / name)
    export(_queue(images), folder)
    shutil.copy(folder / "cvat.xml", folder / "annotations.xml")
    cvat = folder / "cvat"
    cvat.mkdir()
    shutil.move(folder / "annotations.xml", cvat / "annotations.xml")
    shutil.copytree(images, cvat / "images")
    answer = subprocess.run(
        [_PYTHON, _READER],
        input=json.dumps({"folder": str(folder), "cvat": str(cvat)}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)


def _mask():
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    pixels[5:9, 3:20] = True
    pixels[30:40, 50:60] = True
    return pixels


def _queue(images):
    table = {
        "id": pa.array(NAMES),
        "uri": pa.array([str(images / name) for name in NAMES]),
        "annotated": pa.array([True] * len(NAMES)),
        "group": pa.nulls(len(NAMES), pa.string()),
        "content": pa.nulls(len(NAMES), pa.string()),
    }
    manifest = DatasetManifest("tools", "detection", CLASSES, pa.table(table), OBJECT_SCHEMA.empty_table())
    box = SuggestedBox(CLASSES[1], 1.5, 2.25, 30, 20.5, 0.75)
    mask = SuggestedBox(CLASSES[2], 3, 5, 57, 35, mask=encode_mask(_mask()))
    items = [QueueItem(name, 1, "because <of> & it", "b", boxes=(box, mask)) for name in NAMES]
    return LabellingQueue.of(manifest, items)


def test_label_studio_accepts_interface_and_predictions(read):
    found = read["label_studio"]
    assert found["errors"] == []
    assert (found["predictions"], found["regions"]) == (3, 6)


def test_label_studio_decodes_brush_strokes_to_the_mask(read):
    assert read["label_studio"]["strokes"] == [np.flatnonzero(_mask()).tolist()] * 3


def test_datumaro_reads_cvats_file_with_every_name_box_mask_and_reason(read):
    assert [one["id"] for one in read["cvat"]] == [name.removesuffix(".png") for name in NAMES]
    for one in read["cvat"]:
        by_type = {found["type"]: found for found in one["annotations"]}
        assert by_type["bbox"]["label"] == CLASSES[1]
        assert by_type["bbox"]["box"] == pytest.approx([1.5, 2.25, 30, 20.5])
        assert by_type["mask"]["label"] == CLASSES[2]
        assert by_type["mask"]["pixels"] == np.flatnonzero(_mask()).tolist()
        assert by_type["label"]["attributes"]["reason"] == "because <of> & it"

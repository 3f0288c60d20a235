"""``seatrial select`` as a user sees it: what it writes can be read, and says why."""

import json
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seatrial.cli import app as program
from seatrial.datasets import read_dataset
from seatrial.neighbours import Embeddings


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Forty images, thirty of them cats, two copies; embeddings of all but one; boxes of some."""
    folder = tmp_path_factory.mktemp("pool")
    rng = np.random.default_rng(0)
    ids, vectors = [], []
    for number in range(40):
        name = f"{'cat' if number < 30 else 'dog'}/{number:02}.png"
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = {5: 4, 35: 34}.get(number, number)  # two copies
        pixels = np.random.default_rng(seed).integers(0, 256 - 3 * seed, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        ids.append(name)
        vectors.append(rng.normal(size=6))
    kept = [row for row in range(40) if row != 7]
    header = {"model": "m", "model_digest": "d"}
    Embeddings(tuple(ids[row] for row in kept), np.array(vectors, np.float32)[kept], None, header).write(
        folder / "e"
    )
    Embeddings(("x",), np.array(vectors, np.float32)[31:32], None, header).write(folder / "there")
    Embeddings(("x",), np.ones((1, 6), np.float32), np.ones((1, 4)), header).write(folder / "objects")
    _write_boxes(folder, ids)
    return folder


def _write_boxes(folder, ids):
    images = [{"id": row, "file_name": name, "width": 12, "height": 9} for row, name in enumerate(ids)]
    boxes = [
        {"id": row + 1, "image_id": row, "category_id": 1 + (row % 10 == 0), "bbox": [1, 1, 5, 5], "area": 25}
        | {"iscrowd": 0}
        for row in range(30)
    ]
    body = {
        "images": images,
        "annotations": boxes,
        "categories": [{"id": 1, "name": "common"}, {"id": 2, "name": "rare"}],
    }
    (folder / "boxes.json").write_text(json.dumps(body))


@pytest.fixture
def seatrial(pool, monkeypatch, capsys):
    """Run the program; gives its exit code and what it said."""

    def run(line):
        monkeypatch.chdir(pool)
        monkeypatch.setattr(sys, "argv", ["seatrial", *line.split()])
        with pytest.raises(SystemExit) as end:
            program.main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out, said.err

    return run


def test_the_selection_is_balanced_free_of_copies_and_gives_reasons(seatrial, pool):
    code, out, _ = seatrial("select --dataset images:images --embeddings e --size 16 --balance class --out a")
    assert code == 0
    assert "class=cat: 8 of 30" in out
    assert "16 chosen, left out: 2 copies, 1 without embedding → a" in out
    table = pq.read_table(pool / "a" / "selection.parquet")
    assert table.column("selected_rank").to_pylist() == list(range(1, 17))
    reasons = [one.partition(": ")[0] for one in table.column("selected_because").to_pylist()]
    assert [reasons.count(f"class={name}") for name in ("cat", "dog")] == [8, 8]
    ids = table.column("id").to_pylist()
    assert not {"cat/05.png", "dog/35.png", "cat/07.png"} & set(ids)
    report = json.loads((pool / "a" / "coverage.json").read_text())
    assert report["evenness"]["selection"] == pytest.approx(1)
    assert report["evenness"]["pool"] < 0.85
    distances = report["distance_to_nearest_chosen"]
    assert distances["selection"]["largest"] < distances["random_draw"]["largest"]


def test_what_is_written_is_read_as_a_table_and_as_a_manifest(seatrial, pool):
    assert seatrial("select --dataset images:images --embeddings e --size 10 --out b")[0] == 0
    table = pq.read_table(pool / "b" / "selection.parquet")
    for suffix in ("csv", "parquet"):
        read = read_dataset(f"table:{pool}/b/selection.{suffix}?id=id")
        assert read.table.column("id").to_pylist() == table.column("id").to_pylist()
        assert read.table.column("content").null_count == 0  # every image was found
        assert read.table.column("label").equals(table.column("label"))
    assert read_dataset("manifest:b/manifest").table.column("id").equals(table.column("id"))


def test_of_a_detection_images_with_the_rare_class_get_their_share_and_boxes_come_along(seatrial, pool):
    line = "select --dataset coco:boxes.json?images=images --size 6 --balance class --out c"
    code, out, _ = seatrial(line)
    assert code == 0
    assert "class=rare: 2 of 3" in out
    assert "class=∅: 2 of 10" in out
    chosen = read_dataset("manifest:c/manifest")
    assert set(chosen.objects.column("image").to_pylist()) <= set(chosen.table.column("id").to_pylist())
    assert sorted(chosen.objects.column("class").to_pylist()) == ["common", "common", "rare", "rare"]


def test_image_properties_are_measured_where_they_are_balanced_by(seatrial):
    code, out, _ = seatrial("select --dataset images:images --size 8 --balance class,brightness --out d")
    assert code == 0
    assert "class=cat & brightness=[0.467, ∞): 2 of 10" in out


def test_what_is_like_images_that_are_there_already_is_left_out(seatrial, pool):
    line = "select --dataset images:images --embeddings e --beside there --size 37 --out f"
    code, _, err = seatrial(line)
    assert code == 0
    assert "select: 36 of 37: all others are copies or cannot be used" in err
    assert "dog/31.png" not in pq.read_table(pool / "f" / "selection.parquet").column("id").to_pylist()


def test_the_same_input_gives_the_same_bytes(seatrial, pool):
    for name in ("g", "h"):
        seatrial(f"select --dataset images:images --embeddings e --size 9 --balance class --out {name}")
    for path in (pool / "g").rglob("*.*"):
        assert path.read_bytes() == (pool / "h" / path.relative_to(pool / "g")).read_bytes()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--size 0", "size: expected 1 to 40, the images of images:images, got 0"),
        ("--size 41", "size: expected 1 to 40, the images of images:images, got 41"),
        ("--size 3 --balance site", "balance: no attribute 'site'; there are"),
        ("--size 3 --selector k_centre", "selector 'k_centre' needs embeddings"),
        ("--size 3 --embeddings e --selector best", "'best' is not a selector"),
        ("--size 3 --embeddings objects", "expected one vector an image, got vectors of objects"),
        ("--size 3 --embeddings there", "none of their ids is in it"),
        ("--size 3 --embeddings e --near 3", "near: expected a cosine distance from 0 to 2, got 3.0"),
        ("--size 3 --beside there", "the pool has no embeddings to compare with"),
        ("--size 3 --evaluation e --embeddings e", "expected one of them"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_nothing_is_written(seatrial, pool, line, message):
    code, _, err = seatrial(f"select --dataset images:images --out bad {line}")
    assert code == 2
    assert message in err
    assert not (pool / "bad").exists()

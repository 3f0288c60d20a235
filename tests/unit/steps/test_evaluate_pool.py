"""A pool that nobody has labelled is evaluated like any data set, for any task."""

import pytest

from seatrial.errors import ModelError
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model


@pytest.fixture
def pool(tmp_path, save_image):
    for number in range(6):
        save_image(tmp_path / "pool" / f"{number}.png", number)
    (tmp_path / "pool" / "broken.png").write_bytes(b"no image")
    (tmp_path / "pool" / "cut.png").write_bytes((tmp_path / "pool" / "0.png").read_bytes()[:60])
    return tmp_path / "pool"


def evaluate(pool, out, model, *, task=None, spec="", **fields):
    options = ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}, **fields}, "test")
    return evaluate_model.run(model, f"images:{pool}{spec}", out, options=options, task=task, device="cpu")


def test_a_classifier_predicts_every_image_that_can_be_read(pool, tiny_networks, tmp_path):
    table = evaluate(pool, tmp_path / "out", "python:tiny_networks:tiny", classes=["sound", "cracked"])
    assert table.header.classes == ("sound", "cracked")
    assert table.samples.column("label").null_count == len(table) == 6
    assert set(table.samples.column("prediction").to_pylist()) <= {"sound", "cracked"}
    assert table.embeddings.shape == (6, 4)
    assert [failure.id for failure in table.header.failures] == ["broken.png", "cut.png"]


def test_classes_can_be_named_by_the_pool(pool, tiny_networks, tmp_path):
    table = evaluate(pool, tmp_path / "out", "python:tiny_networks:tiny", spec="?classes=sound,cracked")
    assert table.header.classes == ("sound", "cracked")


def test_a_classifier_whose_classes_nobody_names_is_told(pool, tiny_networks, tmp_path):
    with pytest.raises(ModelError, match="expected 0, one for each class of the data set"):
        evaluate(pool, tmp_path / "out", "python:tiny_networks:tiny")


def test_a_detector_finds_objects_in_a_pool(pool, vision_networks, tmp_path):
    table = evaluate(
        pool,
        tmp_path / "out",
        "python:vision_networks:Finder",
        task="detection",
        adapter="boxes",
        classes=["red", "green", "blue"],
        preprocess={"mean": [0, 0, 0], "std": [1, 1, 1]},
    )
    assert table.header.task == "detection"
    assert table.samples.column("annotated").to_pylist() == [False] * 6
    assert set(table.objects.column("role").to_pylist()) <= {"prediction"}


def test_a_segmenter_sees_a_pool(pool, vision_networks, tmp_path):
    table = evaluate(
        pool,
        tmp_path / "out",
        "python:vision_networks:Painter",
        task="segmentation",
        classes=["ground", "red", "green"],
        preprocess={"mean": [0, 0, 0], "std": [1, 1, 1]},
    )
    assert table.header.task == "segmentation"
    assert table.samples.column("annotated").to_pylist() == [False] * 6

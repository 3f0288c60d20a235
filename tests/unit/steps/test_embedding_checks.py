"""Copies that only a model sees: evaluated as usual, then checked."""

import numpy as np
import pytest
from PIL import Image

from seatrial.inference import ModelOptions
from seatrial.steps import check_data, evaluate_model

# the network looks at the middle of an image alone
_SEES = ModelOptions.parse({"preprocess": {"resize": 32, "crop": 16}}, "test")
_CHECKS = ("exact_duplicates", "near_duplicates", "split_leakage", "near_leakage")
_BY_EMBEDDINGS = ("embedding_duplicates", "embedding_leakage")


def reframed(path, target):
    """Save an image with another frame around its middle."""
    pixels = np.array(Image.open(path))
    middle = pixels[7:25, 7:25].copy()
    pixels[:] = 255 - pixels
    pixels[7:25, 7:25] = middle
    Image.fromarray(pixels).save(target)


@pytest.fixture
def parts(tmp_path, save_image):
    for part, first in (("train", 0), ("val", 500)):
        for number in range(45):
            save_image(tmp_path / part / "ab"[number % 2] / f"{number}.png", first + number, size=(32, 32))
    reframed(tmp_path / "val" / "a" / "4.png", tmp_path / "val" / "b" / "copy.png")
    reframed(tmp_path / "train" / "b" / "7.png", tmp_path / "val" / "b" / "leak.png")
    return tmp_path


def test_copies_and_leaks_in_another_frame_are_found_by_embeddings_alone(parts, tiny_networks):
    for part in ("train", "val"):
        evaluate_model.run(
            "python:tiny_networks:tiny",
            f"images:{parts / part}",
            parts / f"{part}-evaluated",
            options=_SEES,
            device="cpu",
        )
    report = check_data.run(
        f"images:{parts / 'val'}",
        parts / "quality",
        reference=f"images:{parts / 'train'}",
        evaluation=parts / "val-evaluated",
        reference_evaluation=parts / "train-evaluated",
        only=(*_CHECKS, *_BY_EMBEDDINGS),
    )
    assert {one.check: one.status for one in report.checks} == dict.fromkeys(
        (
            "exact_duplicates",
            "near_duplicates",
            "embedding_duplicates",
            "split_leakage",
            "near_leakage",
            "embedding_leakage",
        ),
        "done",
    )
    copied, leaked = report.findings
    assert (copied.check, copied.severity) == ("embedding_duplicates", "warning")
    assert copied.sample_ids == ("a/4.png", "b/copy.png")
    assert copied.evidence["labels"] == ["a", "b"]
    assert (leaked.check, leaked.sample_ids) == ("embedding_leakage", ("b/leak.png",))
    assert leaked.evidence["reference_ids"] == ["b/7.png"]

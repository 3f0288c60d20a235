"""The adapter is chosen by name, by task, or because the model leaves no doubt."""

import pytest

from seatrial.errors import InputError, ModelError
from seatrial.inference import ModelOptions
from seatrial.inference.adapters.choice import choose_adapter


def _choose(task, recognised=None, **fields):
    return choose_adapter(ModelOptions.parse(fields, "test"), task, recognised)


def test_a_classifier_needs_none():
    assert _choose("classification") is None


def test_a_segmenter_is_read_by_logits_unless_told_otherwise():
    name, adapter = _choose("segmentation", adapter_options={"keep_masks": True})
    assert (name, adapter.keep_masks) == ("logits", True)


def test_a_detector_is_read_by_what_is_named_else_by_what_it_certainly_is():
    assert _choose("detection", adapter="yolo", recognised="detr")[0] == "yolo"
    assert _choose("detection", recognised="detr")[0] == "detr"


@pytest.mark.parametrize(
    ("task", "fields", "error", "message"),
    [
        ("detection", {}, ModelError, "option adapter .*boxes, detr, fastestdet, logits, torchvision, yolo"),
        ("detection", {"adapter": "yollo"}, InputError, "got 'yollo'; did you mean 'yolo'"),
        (
            "detection",
            {"adapter": "logits"},
            InputError,
            "reads a model for segmentation, the task is detection",
        ),
        ("classification", {"adapter": "yolo"}, InputError, "option adapter: a classifier takes none"),
        (
            "classification",
            {"class_map": {"a": "b"}},
            InputError,
            "option class_map: a classifier takes none",
        ),
        (
            "detection",
            {"adapter": "yolo", "adapter_options": {"nms": 0.5, "score": 2}},
            InputError,
            "adapter_options of 'yolo': score: expected a number of at most 1.0, got 2; nms: unknown key",
        ),
    ],
)
def test_a_wrong_choice_says_what_there_is(task, fields, error, message):
    with pytest.raises(error, match=message):
        _choose(task, **fields)

"""YOLO heads decode to the boxes of a decoder that does it one box at a time."""

import numpy as np
import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference.adapters.yolo import YoloAdapter


def _head(count=2, places=40, classes=3, seed=0, *, objectness=False):
    """Boxes in pixels of 96 × 64 and scores, shape (count, places, 4 [+ 1] + classes)."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(count, places, 4 + objectness + classes, generator=generator)
    centre, size = draw[..., :2] * torch.tensor([96, 64]), 4 + draw[..., 2:4] * 40
    return torch.cat([centre, size, draw[..., 4:]], dim=-1)


def _iou(one, other):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (area - width * height)


def _reference(rows, *, score, iou, objectness=False, multi_label=True):
    """Decode one image: candidates by falling score, each kept unless a kept one of its class overlaps."""
    candidates = []
    for row in rows.double().tolist():
        x, y, width, height, *scores = row
        if objectness:
            there, *scores = scores
            scores = [there * one for one in scores]
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        labels = range(len(scores)) if multi_label else [int(np.argmax(scores))]
        candidates += [(scores[label], label, box) for label in labels if scores[label] >= score]
    kept = []
    for candidate in sorted(candidates, key=lambda one: -one[0]):
        if all(candidate[1] != other[1] or _iou(candidate[2], other[2]) <= iou for other in kept):
            kept.append(candidate)
    return kept


def _assert_same(found, expected):
    assert found.labels.tolist() == [label for _, label, _ in expected]
    np.testing.assert_allclose(found.scores, [score for score, _, _ in expected], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.boxes, [box for _, _, box in expected], rtol=0, atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("iou", [0.1, 0.45, 0.7])
def test_a_v8_head_decodes_as_by_the_reference(inputs, seed, iou):
    head = _head(seed=seed)
    found = YoloAdapter(score=0.3, nms_iou=iou).read(head.transpose(1, 2), inputs())
    for one, rows in zip(found, head, strict=True):
        expected = _reference(rows, score=0.3, iou=iou)
        assert 0 < len(expected) < 120
        _assert_same(one, expected)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("objectness", [False, True])
def test_either_head_may_be_transposed(inputs, turned, objectness):
    head = _head(objectness=objectness)
    output = head.transpose(1, 2) if turned else head
    for one, rows in zip(YoloAdapter(score=0.2).read(output, inputs()), head, strict=True):
        _assert_same(one, _reference(rows, score=0.2, iou=0.7, objectness=objectness))


def test_a_place_counts_for_its_best_class_alone_where_asked(inputs):
    head = _head()
    found = YoloAdapter(score=0.3, multi_label=False).read(head.transpose(1, 2), inputs())
    for one, rows in zip(found, head, strict=True):
        _assert_same(one, _reference(rows, score=0.3, iou=0.7, multi_label=False))


def test_shares_of_the_input_are_pixels_of_it(inputs):
    head = _head()
    shares = torch.cat([head[..., :4] / torch.tensor([96, 64, 96, 64]), head[..., 4:]], dim=-1)
    one = YoloAdapter(normalised=True, score=0.3).read(shares.transpose(1, 2), inputs())
    other = YoloAdapter(score=0.3).read(head.transpose(1, 2), inputs())
    torch.testing.assert_close(one[0].boxes, other[0].boxes)


def test_torchscript_of_v5_hands_over_feature_maps_too(inputs):
    head = _head(objectness=True)
    found = YoloAdapter(score=0.2).read((head, [torch.zeros(2, 3, 8, 8, 8)]), inputs())
    _assert_same(found[0], _reference(head[0], score=0.2, iou=0.7, objectness=True))


def test_an_end_to_end_head_is_taken_as_it_is(inputs):
    rows = torch.tensor([[[1.0, 2, 30, 40, 0.9, 2], [1, 2, 30, 40, 0.8, 2]]])
    (found,) = YoloAdapter().read(rows, inputs(1))
    assert found.boxes.tolist() == [[1, 2, 30, 40]] * 2
    assert found.labels.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (
            (2, 5, 40),
            r"expected \(2, 7, places\) as YOLOv8 for 3 classes.*returned a tensor shaped \(2, 5, 40\)",
        ),
        ((1, 7, 40), r"returned a tensor shaped \(1, 7, 40\)"),
        ((2, 7), r"returned a tensor shaped \(2, 7\)"),
    ],
)
def test_another_shape_says_what_was_expected(inputs, shape, expected):
    with pytest.raises(ModelError, match=expected):
        YoloAdapter().read(torch.zeros(shape), inputs())


@pytest.mark.parametrize("classes", [("cat",), ("cat", "dog")])
def test_a_shape_that_two_heads_share_has_to_be_told(inputs, classes):
    rows = torch.rand(1, 9, 6)
    with pytest.raises(ModelError, match=r"is both end_to_end and v[58]: set the adapter option head"):
        YoloAdapter().read(rows, inputs(1, classes=classes))
    assert len(YoloAdapter(head="end_to_end").read(rows, inputs(1, classes=classes))[0].scores) == 9


def test_logits_in_place_of_scores_are_refused(inputs):
    head = _head()
    head[..., 4:] = head[..., 4:] * 8 - 4
    with pytest.raises(ModelError, match=r"scores in \[0, 1\], the model returned -\d.* to \d.*sigmoid"):
        YoloAdapter().read(head.transpose(1, 2), inputs())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("column", [0, 5])
def test_a_value_that_is_no_number_is_an_error_never_a_box_less(inputs, bad, column):
    head = _head()
    head[1, 7, column] = bad
    with pytest.raises(ModelError, match=r"NaN or infinity in 1 of 560 values shaped \(2, 7, 40\)"):
        YoloAdapter().read(head.transpose(1, 2), inputs())

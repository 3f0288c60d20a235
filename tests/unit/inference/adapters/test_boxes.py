"""Finished boxes are found by name or in order, in every format."""

import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference.adapters.boxes import BoxesAdapter
from seatrial.inference.adapters.torchvision_detection import TorchvisionAdapter

_XYXY = torch.tensor([[[10.0, 20, 30, 60], [0, 0, 5, 5]]] * 2)
_LABELS = torch.tensor([[1, 0]] * 2)
_SCORES = torch.tensor([[0.9, 0.0]] * 2)


@pytest.mark.parametrize(
    ("options", "boxes"),
    [
        ({}, _XYXY),
        ({"format": "xywh"}, torch.tensor([[[10.0, 20, 20, 40], [0, 0, 5, 5]]] * 2)),
        ({"format": "cxcywh"}, torch.tensor([[[20.0, 40, 20, 40], [2.5, 2.5, 5, 5]]] * 2)),
        ({"normalised": True}, _XYXY / torch.tensor([96, 64, 96, 64])),
    ],
)
def test_every_format_gives_the_same_corners(inputs, options, boxes):
    (found, _) = BoxesAdapter(**options).read((boxes, _LABELS, _SCORES), inputs())
    torch.testing.assert_close(found.boxes, _XYXY[0, :1])
    assert (found.labels.tolist(), found.scores.tolist()) == ([1], [pytest.approx(0.9)])


def test_outputs_are_found_by_name_in_any_order(inputs):
    output = {"conf": _SCORES, "cls": _LABELS + 1, "box": _XYXY}
    adapter = BoxesAdapter(boxes="box", labels="cls", scores="conf", class_offset=1)
    assert adapter.read(output, inputs())[0].labels.tolist() == [1]


def test_an_image_alone_needs_no_batch(inputs):
    (found,) = BoxesAdapter().read((_XYXY[0], _LABELS[0], _SCORES[0]), inputs(1))
    assert found.boxes.tolist() == [[10, 20, 30, 60]]


def test_boxes_that_overlap_are_suppressed_where_asked(inputs):
    boxes = torch.tensor([[[0.0, 0, 10, 10], [0, 0, 10, 11], [0, 0, 10, 12]]])
    labels, scores = torch.tensor([[0, 0, 1]]), torch.tensor([[0.5, 0.9, 0.7]])
    (found,) = BoxesAdapter(nms_iou=0.5).read((boxes, labels, scores), inputs(1))
    assert found.scores.tolist() == [pytest.approx(0.9), pytest.approx(0.7)]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"boxes": _XYXY}, r"'labels' and 'scores' shaped \(2, k\), the model returned a mapping \{'boxes'"),
        ((_XYXY, _LABELS), r"a tuple of 2 \(a tensor shaped \(2, 2, 4\), a tensor shaped \(2, 2\)\)"),
        ((_XYXY[..., :3], _LABELS, _SCORES), r"shaped \(2, 2, 3\)"),
        ((_XYXY, _LABELS, _SCORES[:, :1]), r"shaped \(2, 1\)"),
        ((_XYXY * torch.nan, _LABELS, _SCORES), "expected boxes that are numbers"),
    ],
)
def test_another_output_says_what_was_expected(inputs, output, message):
    with pytest.raises(ModelError, match=message):
        BoxesAdapter().read(output, inputs())


class TestTorchvision:
    def _image(self, **changes):
        found = {
            "boxes": torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]]),
            "labels": torch.tensor([3, 1]),
            "scores": torch.tensor([0.8, 0.0001]),
        }
        return {**found, **changes}

    @pytest.mark.parametrize("scripted", [False, True])
    def test_a_dictionary_an_image(self, inputs, scripted):
        output = [self._image(), self._image()]
        found = TorchvisionAdapter().read(({}, output) if scripted else output, inputs())
        assert [one.labels.tolist() for one in found] == [[2], [2]]
        assert found[0].boxes.tolist() == [[1, 2, 3, 4]]
        assert found[0].masks is None

    def test_masks_come_with_their_objects(self, inputs):
        masks = torch.rand(2, 1, 64, 96)
        (found,) = TorchvisionAdapter().read([self._image(masks=masks)], inputs(1))
        torch.testing.assert_close(found.masks, masks[:1, 0])

    @pytest.mark.parametrize(
        ("output", "message"),
        [
            (torch.zeros(2, 4), r"expected a list of 2 mappings.* returned a tensor shaped \(2, 4\)"),
            ([{}], "a list of 1"),
            ([{"boxes": torch.zeros(1, 4)}] * 2, r"'boxes': a tensor shaped \(1, 4\)"),
        ],
    )
    def test_another_output_says_what_was_expected(self, inputs, output, message):
        with pytest.raises(ModelError, match=message):
            TorchvisionAdapter().read(output, inputs())

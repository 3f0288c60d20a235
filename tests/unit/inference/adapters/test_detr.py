"""Queries become boxes: softmax with no object, or a sigmoid of each class."""

import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference.adapters.detr import DetrAdapter


def _output(columns):
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(2, 5, columns, generator=generator)
    return {"logits": logits, "pred_boxes": torch.rand(2, 5, 4, generator=generator)}


@pytest.mark.parametrize("name", ["logits", "pred_logits"])
def test_softmax_leaves_the_last_column_to_no_object(inputs, name):
    output = _output(4)
    found = DetrAdapter().read({name: output["logits"], "pred_boxes": output["pred_boxes"]}, inputs())
    probabilities = output["logits"].softmax(-1)
    for image, one in enumerate(found):
        torch.testing.assert_close(one.scores, probabilities[image, :, :3].max(1).values)
        assert one.labels.tolist() == probabilities[image, :, :3].argmax(1).tolist()
        x, y, width, height = output["pred_boxes"][image, 0].tolist()
        expected = [(x - width / 2) * 96, (y - height / 2) * 64, (x + width / 2) * 96, (y + height / 2) * 64]
        torch.testing.assert_close(one.boxes[0], torch.tensor(expected))


def test_a_sigmoid_lets_a_query_count_for_several_classes(inputs):
    output = _output(3)
    (first, _) = DetrAdapter(scores="sigmoid", score=0.5).read(output, inputs())
    scores = output["logits"][0].sigmoid()
    assert len(first.scores) == int((scores >= 0.5).sum())
    torch.testing.assert_close(first.scores.sort().values, scores[scores >= 0.5].sort().values)


def test_the_first_class_may_have_another_number(inputs):
    output = _output(5)
    (first, _) = DetrAdapter(class_offset=1).read(output, inputs())
    assert first.labels.tolist() == output["logits"][0].softmax(-1)[:, 1:4].argmax(1).tolist()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (_output(3), r"expected logits shaped \(2, queries, 4\) .*'logits': a tensor shaped \(2, 5, 3\)"),
        (
            {"logits": torch.zeros(2, 5, 4)},
            r"and pred_boxes shaped \(2, queries, 4\), the model returned a map",
        ),
        (torch.zeros(2, 5, 4), r"returned a tensor shaped \(2, 5, 4\)"),
        ({**_output(4), "pred_boxes": torch.full((2, 5, 4), torch.nan)}, "expected boxes that are numbers"),
    ],
)
def test_another_output_says_what_was_expected(inputs, output, message):
    with pytest.raises(ModelError, match=message):
        DetrAdapter().read(output, inputs())

"""Model outputs become probabilities, and every way they can be wrong is one line."""

import numpy as np
import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference.network import read_output
from seatrial.inference.predictions import check_probabilities, check_shape, to_probabilities


def test_softmax_is_computed_in_float32_from_half_precision():
    logits = torch.tensor([[10.0, 0.0, -10.0]], dtype=torch.bfloat16)
    scores = to_probabilities(logits, "logits")
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, torch.softmax(logits.float(), 1))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_name_the_first_images(bad):
    scores = np.full((8, 2), 0.5, dtype=np.float32)
    scores[[1, 2, 3, 4, 5, 6], 0] = bad
    with pytest.raises(
        ModelError, match="NaN or infinity for 6 of 8 images of a batch: 'b', 'c', 'd', 'e', 'f' and 1"
    ):
        check_probabilities(scores, list("abcdefgh"), "float32")


def test_half_precision_is_named_as_a_possible_reason():
    with pytest.raises(ModelError, match="try precision float32"):
        check_probabilities(np.array([[np.nan, 1]], dtype=np.float32), ["a"], "float16")


@pytest.mark.parametrize("row", [[2.0, -1.0], [0.5, 0.4]])
def test_what_is_no_distribution_is_refused(row):
    scores = np.array([[0.5, 0.5], row], dtype=np.float32)
    with pytest.raises(
        ModelError, match="not probabilities for 1 of 2 images of a batch: 'b'.*outputs: logits"
    ):
        check_probabilities(scores, ["a", "b"], "float32")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 3), r"returned 3 values an image: expected 2, one for each class of the data set \('a', 'b'\)"),
        ((4, 2, 1), r"shaped \(4, 2, 1\): expected \(4, 2\)"),
        ((3, 2), r"shaped \(3, 2\): expected \(4, 2\)"),
        ((4,), r"shaped \(4,\): expected \(4, 2\)"),
    ],
)
def test_a_wrong_shape_says_what_was_expected(shape, message):
    with pytest.raises(ModelError, match=message):
        check_shape(torch.zeros(shape), 4, ["a", "b"], named_by_user=False)


@pytest.mark.parametrize(
    "raw",
    [
        torch.ones(2, 3),
        (torch.ones(2, 3), torch.zeros(2, 5)),
        [torch.ones(2, 3), torch.zeros(2, 5, 1, 1)],
        {"logits": torch.ones(2, 3), "embeddings": torch.zeros(2, 5)},
        {"out": torch.ones(2, 3)},
        {"probabilities": torch.ones(2, 3), "embedding": torch.zeros(2, 5)},
    ],
)
def test_outputs_are_found_in_every_convention(raw):
    output = read_output(raw)
    assert output.values.shape == (2, 3)
    assert output.embeddings is None or output.embeddings.shape == (2, 5)


@pytest.mark.parametrize(
    "second", [torch.zeros(2, 5, 7, 7), torch.zeros(2), torch.zeros(2, 5, dtype=torch.int64), 3]
)
def test_a_second_output_that_is_no_vector_an_image_is_left_out(second):
    assert read_output((torch.ones(2, 3), second)).embeddings is None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("text", "returned a str: expected a tensor"),
        ((), "returned a tuple"),
        ({"boxes": torch.ones(2, 3)}, r"mapping with keys \['boxes'\]: expected one of \['logits'"),
    ],
)
def test_other_outputs_are_refused(raw, message):
    with pytest.raises(ModelError, match=message):
        read_output(raw)

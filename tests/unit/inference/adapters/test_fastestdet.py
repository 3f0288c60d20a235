"""FastestDet's grid decodes cell by cell."""

import math

import numpy as np
import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference.adapters.fastestdet import FastestDetAdapter


def _grid(rows=4, columns=6):
    generator = torch.Generator().manual_seed(1)
    grid = torch.randn(2, 8, rows, columns, generator=generator)
    grid[:, 0] = grid[:, 0].sigmoid()
    grid[:, 5:] = grid[:, 5:].softmax(dim=1)
    return grid


def test_every_cell_is_a_box(inputs):
    grid = _grid()
    found = FastestDetAdapter(score=0, nms_iou=1).read(grid, inputs())
    for image, one in enumerate(found):
        expected = []
        for row in range(4):
            for column in range(6):
                there, x, y, width, height, *classes = grid[image, :, row, column].tolist()
                x, y = (column + math.tanh(x)) / 6 * 96, (row + math.tanh(y)) / 4 * 64
                width, height = (96 / (1 + math.exp(-width)), 64 / (1 + math.exp(-height)))
                box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
                expected.append((there**0.6 * max(classes) ** 0.4, int(np.argmax(classes)), box))
        expected.sort(key=lambda one: -one[0])
        np.testing.assert_allclose(one.scores, [score for score, _, _ in expected], atol=1e-6)
        assert one.labels.tolist() == [label for _, label, _ in expected]
        np.testing.assert_allclose(one.boxes, [box for _, _, box in expected], atol=1e-4)


def test_another_number_of_classes_is_refused(inputs):
    with pytest.raises(ModelError, match=r"expected \(2, 7, rows, columns\) for 2 .* shaped \(2, 8, 4, 6\)"):
        FastestDetAdapter().read(_grid(), inputs(classes=("cat", "dog")))


def test_a_probability_below_zero_is_refused(inputs):
    grid = _grid()
    grid[0, 0, 0, 0] = -0.2
    with pytest.raises(ModelError, match="expected probabilities that are numbers"):
        FastestDetAdapter().read(grid, inputs())

"""Figures as PNG files."""

import io
from dataclasses import replace

from PIL import Image

from seatrial.reporting import draw_figures


def test_the_main_figures_are_pictures_and_the_same_each_time(refused):
    drawn = draw_figures(refused.inputs())
    assert set(drawn) == {"slices.png", "confusion.png", "reliability.png", "precision_recall.png"}
    for png in drawn.values():
        image = Image.open(io.BytesIO(png))
        assert image.width > 500
        assert len(image.convert("L").getcolors()) > 20, "something is drawn"
    assert draw_figures(refused.inputs()) == drawn


def test_what_was_not_measured_is_not_drawn(first):
    bare = replace(first.slices, confusion=(), reliability=())
    assert set(draw_figures(first.inputs(slices=bare))) == {"slices.png", "precision_recall.png"}

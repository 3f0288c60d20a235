"""Explanations of networks of which it is known where they look."""

import numpy as np
import pytest
import torch
from PIL import Image

from seatrial.errors import InputError, ModelError
from seatrial.inference import ModelOptions
from seatrial.inference.saliency import ExplainOptions, Request

UPPER_LEFT, LOWER_RIGHT = (0.0, 0.0, 8.0, 8.0), (8.0, 8.0, 8.0, 8.0)
MEAN = {"preprocess": {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]}}


def test_the_map_shows_the_quarter_that_speaks_for_the_class(explain):
    _, found = explain("python:looking_networks:Corners", side=4)
    for one in found:
        assert one.layer == "body"
        assert one.map.argmax() in {0, 1, 4, 5}
        assert one.off_core < 1e-6
        assert one.core_area == 0.25
    _, others = explain("python:looking_networks:Corners", target=1)
    assert min(one.off_core for one in others) > 1 - 1e-6


@pytest.mark.parametrize(("network", "method"), [("Elsewhere", "auto"), ("Corners", "gradient")])
def test_gradients_of_pixels_show_all_that_the_decision_rests_on(explain, network, method):
    _, found = explain(f"python:looking_networks:{network}", method=method, side=2)
    for one in found:
        assert one.layer == "pixels"
        assert one.map.tolist() == [[255, 0], [0, 255]]
        assert one.off_core == pytest.approx(0.5)


def test_occlusion_finds_what_the_model_rests_on(explain, tmp_path):
    pixels = np.full((16, 16, 3), 40, dtype=np.uint8)
    pixels[2:6, 2:6] = 250
    Image.fromarray(pixels).save(tmp_path / "bright.png")
    wanted = {"method": "occlusion", "core_boxes": ((0.0, 0.0, 8.0, 8.0),), "side": 4}
    _, (one,) = explain("python:looking_networks:Corners", paths=[tmp_path / "bright.png"], **wanted)
    assert one.layer == "windows"
    assert one.map.argmax() in {0, 1, 4, 5}
    assert one.off_core < 0.1  # windows reach over the edge a little


def test_a_model_of_probabilities_is_explained_by_their_logarithms(explain, plain):
    given = ModelOptions.parse({**plain.given, "outputs": "probabilities"}, "test")
    _, found = explain("python:looking_networks:Probable", options=given)
    assert max(one.off_core for one in found) < 1e-6


def test_blanking_all_but_the_core_shows_what_the_model_relies_on(explain, images, tmp_path):
    pixels = np.full((16, 16, 3), 40, dtype=np.uint8)
    pixels[8:, 8:] = 250  # a bright square where b is looked for; the median of what is not core is dark
    Image.fromarray(pixels).save(tmp_path / "marked.png")
    _, (one,) = explain("python:looking_networks:Corners", paths=[tmp_path / "marked.png"], windows=3)
    without = torch.tensor([4 * 40 / 255, 4 * 40 / 255]).softmax(0)[0]
    before = torch.tensor([4 * 40 / 255, 4 * 250 / 255]).softmax(0)[0]
    assert one.flip == pytest.approx(float(without - before), abs=1e-6)


@pytest.fixture
def marked(tmp_path):
    """A dark image, and the same with a bright square where ``b`` is looked for."""
    pixels = np.full((16, 16, 3), 40, dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "dark.png")
    pixels[8:, 8:] = 250
    Image.fromarray(pixels).save(tmp_path / "marked.png")
    return tmp_path


def test_the_window_that_brings_the_truth_back_is_found_and_carries_the_prediction_over(explain, marked):
    references = [
        Request("dark", str(marked / "dark.png"), target=0, truth=2),
        Request("of the same class", str(marked / "marked.png"), target=0, truth=1),
        Request("gone", str(marked / "gone.png"), target=0, truth=2),
    ]
    wanted = {"target": 1, "truth": 0, "core_boxes": None, "windows": 3, "try_windows": True}
    _, (one,) = explain(
        "python:looking_networks:Corners", paths=[marked / "marked.png"], references=references, **wanted
    )
    dark, bright = 4 * 40 / 255, 4 * 250 / 255
    before, after = (torch.tensor([dark, other]).softmax(0)[0] for other in (bright, dark))
    assert one.patch == (0.5, 0.5, 0.5, 0.5)
    assert one.patch_flip == pytest.approx(float(after - before), abs=1e-6)
    assert one.transplant == pytest.approx(float(after - before), abs=1e-6)  # of the dark image alone
    assert np.isnan(one.off_core)
    assert np.isnan(one.flip)
    assert one.core is None


def test_without_references_of_another_class_nothing_is_pasted(explain, marked):
    same = [Request("dark", str(marked / "dark.png"), target=0, truth=0)]
    _, (one,) = explain(
        "python:looking_networks:Corners",
        paths=[marked / "marked.png"],
        references=same,
        target=1,
        windows=3,
        try_windows=True,
    )
    assert one.patch_flip > 0.2
    assert np.isnan(one.transplant)


@pytest.mark.parametrize("network", ["Corners", "transformer", "Elsewhere"])
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_the_batch_size_changes_nothing(explain, network, batch_size):
    _, one = explain(f"python:looking_networks:{network}", batch_size=5)
    _, other = explain(f"python:looking_networks:{network}", batch_size=batch_size)
    for first, second in zip(one, other, strict=True):
        assert first.off_core == pytest.approx(second.off_core, abs=1e-5)
        assert np.abs(first.map.astype(int) - second.map).max() <= 1


def test_an_image_that_cannot_be_read_is_told_and_the_others_are_explained(explain, images):
    images[1].write_bytes(b"not an image")
    _, found = explain("python:looking_networks:Corners")
    assert found[1].failure == "not an image"
    assert found[1].map is None
    assert [one.map is None for one in found] == [False, True, False, False, False]


def test_images_of_several_sizes_are_explained_in_their_order(explain, images):
    Image.open(images[2]).resize((24, 20)).save(images[2])
    _, found = explain("python:looking_networks:Corners", core_boxes=((0.0, 0.0, 12.0, 10.0),))
    assert found[2].core_area == 0.25
    assert found[2].off_core < 1e-6


def test_a_score_that_depends_on_nothing_has_no_map(explain):
    _, found = explain("python:looking_networks:Indifferent")
    assert {(one.map is None, one.layer, one.core_area) for one in found} == {(True, "", 0.25)}
    assert all(np.isnan(one.off_core) for one in found)


def test_a_core_outside_of_what_the_model_sees_is_none(explain, plain):
    steps = {**plain.preprocess.model_dump(), "crop": 8}
    cropped = ModelOptions.parse({"preprocess": steps}, "test")
    _, found = explain("python:looking_networks:Corners", options=cropped, core_boxes=((0.0, 0.0, 3.0, 3.0),))
    assert all(one.core is None and np.isnan(one.off_core) for one in found)


def test_short_memory_is_backed_off_from(explain):
    explainer, found = explain("python:looking_networks:Hungry", batch_size=5)
    assert explainer.batch_size == 2
    assert max(one.off_core for one in found) < 1e-6


def test_a_model_too_large_for_one_image_says_so(explain):
    with pytest.raises(ModelError, match="does not fit into the memory of cpu with its gradients"):
        explain("python:looking_networks:Insatiable")


def test_a_layer_can_be_named_and_a_wrong_name_is_answered(explain):
    _, found = explain("python:looking_networks:convolutional", layer="1")
    assert {one.layer for one in found} == {"1"}
    with pytest.raises(InputError, match=r"option layer: unknown layer '8'"):
        explain("python:looking_networks:convolutional", layer="8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"side": 0}, "option side: expected a number from 1 to 64, got 0"),
        ({"windows": 1}, "option windows: expected a number from 2 to 32, got 1"),
        ({"method": "gradient", "layer": "x"}, "option layer: method 'gradient' uses no layer"),
    ],
)
def test_options_out_of_range_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        ExplainOptions(**changes)

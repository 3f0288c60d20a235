"""The layer that is watched is found by running the model, whatever its architecture and file format."""

import warnings

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from seatrial.errors import InputError
from seatrial.inference.saliency.taps import Taps


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        ("convolutional", "4"),  # after the last convolution, changed in place
        ("pooled", "5"),
        ("transformer", "encoder.layers.encoder_layer_1.ln_1"),  # the last on whose tokens the class rests
        ("windowed", "permute"),
    ],
)
def test_the_last_layer_that_keeps_places_is_found(explain, network, layer):
    explainer, found = explain(f"python:looking_networks:{network}")
    assert explainer.method == "activation"
    assert {one.layer for one in found} == {layer}
    assert all(one.map.shape == (14, 14) and one.map.max() == 255 for one in found)


def test_a_model_without_a_convolution_is_explained_by_its_pixels(explain):
    _, found = explain("python:looking_networks:perceptron")
    assert {one.layer for one in found} == {"pixels"}
    assert all(0.6 < one.off_core < 0.9 for one in found)  # random weights look everywhere


def _exported(module, path):
    size = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(module, (torch.zeros(2, 3, 16, 16),), dynamic_shapes=({0: size},))
    torch.export.save(program, path)
    return path


@pytest.mark.parametrize("network", ["convolutional", "transformer"])
def test_an_exported_program_is_explained_as_the_module_is(explain, looking_networks, tmp_path, network):
    path = _exported(getattr(looking_networks, network)().eval(), tmp_path / "model.pt2")
    _, one = explain(f"python:looking_networks:{network}")
    _, other = explain(str(path))
    for first, second in zip(one, other, strict=True):
        assert first.off_core == pytest.approx(second.off_core, abs=1e-5)
        assert np.abs(first.map.astype(int) - second.map).max() <= 1


def test_an_exported_program_keeps_nothing_of_what_blanking_runs(looking_networks, tmp_path):
    path = _exported(looking_networks.convolutional().eval(), tmp_path / "model.pt2")
    module = torch.export.load(path).module()
    taps = Taps(module)
    pixels = torch.rand(2, 3, 16, 16, requires_grad=True)
    with taps.taking():
        module(pixels)
    for _ in range(3):
        module(pixels)
    ran_once = taps.of(2, 16, 16)
    assert ran_once
    module(pixels)
    assert not taps.of(2, 16, 16)


def test_torchscript_shows_no_layers_and_is_explained_by_its_pixels(explain, looking_networks, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates making such files; those in use remain
        torch.jit.save(
            torch.jit.trace(looking_networks.Corners(), torch.zeros(1, 3, 16, 16)), tmp_path / "m.pt"
        )
    explainer, found = explain(str(tmp_path / "m.pt"))
    assert explainer.method == "gradient"
    assert [one.off_core for one in found] == pytest.approx([0.5] * 5)  # both quarters decide
    with pytest.raises(InputError, match=r"the layers of a TorchScript program cannot be looked into"):
        explain(str(tmp_path / "m.pt"), method="activation")


@pytest.mark.parametrize("batch", ["n", 3])
def test_an_onnx_model_has_no_gradients_and_is_explained_by_occlusion(explain, tmp_path, batch):
    nodes = [
        helper.make_node("Slice", ["image", "start", "middle", "axes"], ["first"]),
        helper.make_node("Slice", ["image", "middle", "end", "axes"], ["second"]),
        helper.make_node("ReduceMean", ["first"], ["a"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["second"], ["b"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["a", "one"], ["a1"]),
        helper.make_node("Unsqueeze", ["b", "one"], ["b1"]),
        helper.make_node("Concat", ["a1", "b1"], ["logits"], axis=1),
    ]
    constants = {"start": [0, 0], "middle": [8, 8], "end": [16, 16], "axes": [2, 3], "one": [1]}
    known = [helper.make_tensor(name, TensorProto.INT64, [len(one)], one) for name, one in constants.items()]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, 16, 16])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 2])
    graph = helper.make_graph(nodes, "corners", [image], [logits], known)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(made, tmp_path / "corners.onnx")
    explainer, found = explain(str(tmp_path / "corners.onnx"), windows=3)
    assert explainer.method == "occlusion"
    assert {one.layer for one in found} <= {"windows", ""}
    known = [one for one in found if one.map is not None]
    assert known
    assert all(one.map[:7, :7].mean() > one.map[7:, 7:].mean() for one in known)
    with pytest.raises(InputError, match=r"has no gradients; expected occlusion or auto"):
        explain(str(tmp_path / "corners.onnx"), method="gradient")

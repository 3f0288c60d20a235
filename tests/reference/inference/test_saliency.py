"""Maps agree with Captum's to the last digits."""

import importlib
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from seatrial.inference.saliency.gradients import activation_maps, input_maps
from seatrial.inference.saliency.taps import Taps

attr = pytest.importorskip("captum.attr", reason="needs captum")


@pytest.fixture
def networks(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "unit" / "networks"))
    monkeypatch.delitem(sys.modules, "looking_networks", raising=False)
    yield importlib.import_module("looking_networks")
    sys.modules.pop("looking_networks", None)


@pytest.fixture
def pixels():
    return torch.rand(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))


TARGETS = torch.tensor([0, 1, 0, 1, 1])


def ours(network, pixels, layer=None):
    taps = Taps(network, layer)
    given = pixels.clone().requires_grad_()
    with taps.taking():
        values = network(given)
        taken = taps.of(len(pixels), *pixels.shape[2:])
    return activation_maps(taken, values[torch.arange(len(values)), TARGETS])


def test_on_a_pooled_network_the_map_is_grad_cam(networks, pixels):
    network = networks.pooled().eval()
    maps, layers = ours(network, pixels)
    assert set(layers) == {"5"}
    theirs = attr.LayerGradCam(network, network[5]).attribute(pixels, TARGETS, relu_attributions=True)
    # Grad-CAM averages the gradient over the places, which here are all alike
    torch.testing.assert_close(torch.stack(maps), theirs[:, 0], rtol=1e-6, atol=1e-9)


def test_elsewhere_the_map_is_gradient_times_activation(networks, pixels):
    network = networks.convolutional().eval()
    for module in network:
        if isinstance(module, nn.ReLU):
            module.inplace = False  # Captum's hooks do not allow it
    maps, layers = ours(network, pixels)
    assert set(layers) == {"4"}
    theirs = attr.LayerGradientXActivation(network, network[4]).attribute(pixels, TARGETS)
    torch.testing.assert_close(torch.stack(maps), theirs.sum(1).clamp_min(0), rtol=1e-6, atol=1e-9)


def test_on_a_transformer_the_map_is_gradient_times_activation_of_its_tokens(networks, pixels):
    network = networks.transformer().eval()
    layer = network.encoder.layers[-1].ln_1
    maps, layers = ours(network, pixels)
    assert set(layers) == {"encoder.layers.encoder_layer_1.ln_1"}
    theirs = attr.LayerGradientXActivation(network, layer).attribute(pixels, TARGETS)
    places = theirs[:, 1:].sum(2).reshape(5, 4, 4).clamp_min(0)  # the first token is the class's
    torch.testing.assert_close(torch.stack(maps), places, rtol=1e-5, atol=1e-8)


def test_gradients_of_pixels_are_captums_saliency(networks, pixels):
    network = networks.perceptron().eval()
    given = pixels.clone().requires_grad_()
    values = network(given)
    maps = input_maps(given, values[torch.arange(len(values)), TARGETS])
    theirs = attr.Saliency(network).attribute(pixels.clone().requires_grad_(), TARGETS).sum(1)
    torch.testing.assert_close(torch.stack(maps), theirs, rtol=1e-6, atol=1e-9)

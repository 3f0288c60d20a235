"""Images are fitted as torchvision's evaluation presets fit them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2 as reference

from seatrial.inference import Preprocess
from seatrial.inference.forward import normalise
from seatrial.inference.preprocess import fit

_MODES = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


def _image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _reference(rgb, preprocess):
    steps = []
    if preprocess.resize is not None:
        mode = _MODES[preprocess.interpolation]
        steps.append(reference.Resize(preprocess.resize, interpolation=mode, antialias=True))
    if preprocess.crop is not None:
        steps.append(reference.CenterCrop(preprocess.crop))
    steps += [
        reference.ToImage(),
        reference.ToDtype(torch.float32, scale=True),
        reference.Normalize(preprocess.mean, preprocess.std),
    ]
    return reference.Compose(steps)(Image.fromarray(rgb))


def _ours(rgb, preprocess):
    pixels = torch.tensor(fit(rgb, preprocess))[None]
    mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (preprocess.mean, preprocess.std))
    return normalise(pixels, mean, std)[0]


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(300, 300), (333, 500), (501, 332), (256, 256), (60, 70)])
@pytest.mark.parametrize(
    ("resize", "crop"), [(256, 224), (64, 64), ((48, 80), None), (None, 50), (None, None)]
)
def test_pixels_agree_with_torchvision(size, resize, crop, interpolation):
    preprocess = Preprocess(resize=resize, crop=crop, interpolation=interpolation)
    rgb = _image(*size)
    torch.testing.assert_close(_ours(rgb, preprocess), _reference(rgb, preprocess), rtol=0, atol=1e-6)


def test_pixels_agree_with_torchvision_on_tensors_to_two_grey_levels():
    preprocess = Preprocess(resize=64, crop=56, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    rgb = _image(90, 120)
    tensor = torch.from_numpy(rgb).permute(2, 0, 1)
    steps = reference.Compose([reference.Resize(64, antialias=True), reference.CenterCrop(56)])
    expected = steps(tensor).float() / 255
    torch.testing.assert_close(_ours(rgb, preprocess), expected, rtol=0, atol=2 / 255)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    crop=st.tuples(st.integers(1, 50), st.integers(1, 50)),
)
def test_any_crop_agrees_with_torchvision(height, width, crop):
    preprocess = Preprocess(resize=None, crop=crop)
    rgb = _image(height, width)
    torch.testing.assert_close(_ours(rgb, preprocess), _reference(rgb, preprocess), rtol=0, atol=1e-6)


def test_pixels_are_channels_last_in_memory():
    pixels = _ours(_image(30, 30), Preprocess(resize=None, crop=None))[None]
    assert pixels.is_contiguous(memory_format=torch.channels_last)

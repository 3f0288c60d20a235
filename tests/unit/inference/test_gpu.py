"""On a GPU: the results of the processor, whatever the batch and the decoder, in flat memory."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from seatrial.inference import ModelOptions
from seatrial.inference.profile import read_profiles
from seatrial.steps import evaluate_model, explain_errors

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

_DEVICE = "cuda"


@pytest.fixture
def photographs(tmp_path, save_image):
    """Sixty JPEG files of two classes and several sizes, one of them broken."""
    for number in range(60):
        path = tmp_path / "images" / ("cracked", "sound")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_image(path, number, (40 + 8 * (number % 3), 40), mean=60 + 3 * number)
    (tmp_path / "images" / "sound" / "31.jpg").write_bytes(b"not an image")
    return tmp_path / "images"


@pytest.fixture
def evaluate(photographs, tiny_networks, tmp_path):
    """Evaluate a tiny network and give the table."""

    def run(out, *, device=_DEVICE, model="python:tiny_networks:tiny", batch_size=16, **fields):
        fields = {"preprocess": {"resize": 32, "crop": 32}, "precision": "float32", **fields}
        return evaluate_model.run(
            model,
            f"images:{photographs}",
            tmp_path / out,
            options=ModelOptions.parse(fields, "test"),
            device=device,
            batch_size=batch_size,
            profile=True,
        )

    return run


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 2e-2), ("float16", 5e-3)]
)
def test_scores_and_embeddings_are_those_of_the_processor(evaluate, precision, tolerance):
    expected = evaluate("cpu", device="cpu")
    found = evaluate("gpu", precision=precision)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.embeddings, expected.embeddings, rtol=2e-2, atol=10 * tolerance)
    assert found.embeddings.dtype == np.float32
    assert found.header.failures == expected.header.failures


def test_the_size_of_a_batch_changes_nothing_beyond_rounding(evaluate):
    one = evaluate("one", batch_size=1)
    for size in (3, 16, 64):
        other = evaluate(f"of {size}", batch_size=size)
        np.testing.assert_allclose(other.scores, one.scores, rtol=0, atol=1e-5)


def test_what_is_decoded_on_the_gpu_scores_as_what_is_decoded_here(evaluate):
    here, there = evaluate("here"), evaluate("there", decode="device")
    np.testing.assert_allclose(there.scores, here.scores, rtol=0, atol=0.02)
    assert there.header.failures == here.header.failures
    for name in ("width", "height"):
        assert there.samples.column(name) == here.samples.column(name)
    here, there = (one.samples.column("brightness").to_numpy() for one in (here, there))
    np.testing.assert_allclose(there, here, rtol=0, atol=0.01)


def test_the_profile_says_how_long_the_gpu_computed(evaluate, tmp_path):
    evaluate("out")
    (profile,) = read_profiles(tmp_path / "out")
    assert 0 < profile["gpu_seconds"] <= profile["seconds"]
    assert profile["gpu_bytes"] > 0
    assert not profile["on_processor"]


def test_a_compiled_model_gives_the_same_scores(evaluate):
    plain, compiled = evaluate("plain"), evaluate("compiled", compile=True)
    np.testing.assert_allclose(compiled.scores, plain.scores, rtol=0, atol=1e-5)


def test_a_batch_that_does_not_fit_is_halved(evaluate, tiny_networks, tmp_path):
    class Wide(torch.nn.Module):
        """Takes 64 MiB for each image."""

        def forward(self, pixels):
            wide = pixels.new_zeros((len(pixels), 1 << 24)) + pixels.mean((1, 2, 3))[:, None]
            return torch.stack([wide.mean(dim=1), -wide.mean(dim=1)], dim=1)

    tiny_networks.Wide = Wide
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min((1 << 30) / whole, 1.0))
    try:
        found = evaluate("out", model="python:tiny_networks:Wide", batch_size=64)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(found) == 59
    (profile,) = read_profiles(tmp_path / "out")
    assert 1 <= profile["batch_size"] < 64


def test_memory_of_the_gpu_does_not_grow_with_the_images(evaluate, photographs, tmp_path):
    peaks = []
    for copies in (0, 4):
        for number in range(copies * 60):
            source = photographs / "cracked" / f"{2 * (number % 30):02}.jpg"
            (photographs / "cracked" / f"copy {number}.jpg").hardlink_to(source)
        torch.cuda.reset_peak_memory_stats()
        evaluate(f"{copies} copies")
        (profile,) = read_profiles(tmp_path / f"{copies} copies")
        peaks.append(profile["gpu_bytes"])
    assert peaks[1] <= 1.05 * peaks[0]


@pytest.fixture
def looking_networks(monkeypatch):
    """The module ``looking_networks``, importable by name, fresh for each test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "networks"))
    monkeypatch.delitem(sys.modules, "looking_networks", raising=False)
    yield importlib.import_module("looking_networks")
    sys.modules.pop("looking_networks", None)


@pytest.mark.parametrize("method", ["activation", "occlusion"])
def test_where_a_model_looks_is_the_same_on_both(looking_networks, tmp_path, save_image, method):
    images = [
        save_image(tmp_path / f"{number:02}.png", number, mean=90 + 80 * (number % 2)) for number in range(12)
    ]
    rows = [
        {"image": str(path), "label": ("cracked", "sound")[number % 2]} for number, path in enumerate(images)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "table.parquet")
    dataset = f"table:{tmp_path / 'table.parquet'}?image=image&label=label"
    fields = {"preprocess": {"resize": 8, "crop": 8}, "precision": "float32"}
    options, model = ModelOptions.parse(fields, "test"), "python:looking_networks:Corners"
    evaluate_model.run(model, dataset, tmp_path / "evaluation", options=options, device="cpu")
    maps = []
    for device in ("cpu", _DEVICE):
        given = {"options": options, "device": device, "method": method, "draw": None}
        found = explain_errors.run(tmp_path / "evaluation", model, dataset, tmp_path / device, **given)
        maps.append([np.frombuffer(one, np.uint8) for one in found.samples.column("map").to_pylist() if one])
    assert maps[0]
    np.testing.assert_allclose(np.concatenate(maps[1]), np.concatenate(maps[0]), rtol=0, atol=2)

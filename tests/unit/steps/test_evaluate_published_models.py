"""Models as users have them: torchvision's detectors and segmenters, YOLO and DETR as exported."""

import json
import warnings

import numpy as np
import onnx
import pytest
import torch
import typer
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from seatrial.cli.evaluate_model import evaluate_model as verb
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model

_SMALL = {"preprocess": {"resize": 64}}

#: Three or four of the images: the networks are real ones.
_PART = (0, 3)


def _scripted(module, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated
        torch.jit.script(module).save(path)
    return str(path)


@pytest.fixture
def command(shapes, tmp_path):
    """Call ``evaluate-model`` on the shapes as a user does."""
    app = typer.Typer()
    app.command()(verb)

    def call(model, *arguments):
        given = ["--model", model, "--dataset", f"voc:{shapes}?classes=red,green,blue", *arguments]
        given += ["--task", "detection", "--device", "cpu", "--out", str(tmp_path / "out")]
        return CliRunner().invoke(app, given, catch_exceptions=False)

    return call


@pytest.fixture
def detect(shapes, tmp_path):
    """Run a detector on the shapes, with the options that a user would give."""

    def run(out, model, shard=(0, 1), **fields):
        options = ModelOptions.parse({"classes": ["red", "green", "blue"], **fields}, "test")
        evaluate_model.run(
            model,
            f"voc:{shapes}",
            tmp_path / out,
            options=options,
            task="detection",
            device="cpu",
            shard=shard,
        )
        return EvaluationTable.read(tmp_path / out)

    return run


@pytest.fixture
def segment(scenes, tmp_path):
    """Run a segmenter on the scenes."""

    def run(out, model, **fields):
        data = f"masks:{scenes}?classes=background,red,green&void=255"
        options = ModelOptions.parse({**_SMALL, **fields}, "test")
        evaluate_model.run(
            model,
            data,
            tmp_path / out,
            options=options,
            task="segmentation",
            device="cpu",
            shard=_PART,
        )
        return EvaluationTable.read(tmp_path / out)

    return run


def _predictions(table):
    frame = table.objects.to_pandas()
    return frame[frame["role"] == "prediction"]


@pytest.mark.parametrize(("name", "width"), [("faster_rcnn", 256), ("ssdlite", 128)])
def test_a_torchvision_detector_needs_no_option_but_its_classes(detect, vision_networks, name, width):
    table = detect("one", f"python:vision_networks:{name}", _PART)
    found = _predictions(table)
    assert len(found) > 100
    assert set(found["class"]) <= {"red", "green", "blue"}
    sizes = table.samples.to_pandas().set_index("id").loc[found["image"], ["width", "height"]].to_numpy()
    corners = found[["x", "y"]].to_numpy() + found[["width", "height"]].to_numpy()
    assert (corners <= sizes + 1e-6).all()
    assert (found[["x", "y"]].to_numpy() >= 0).all()
    assert (found.groupby("image")["score"].diff().dropna() <= 0).all()
    assert table.embeddings.shape == (4, width)


@pytest.mark.slow
def test_a_scripted_torchvision_detector_is_named_and_gives_the_same(detect, vision_networks, tmp_path):
    path = _scripted(vision_networks.ssdlite(), tmp_path / "m.pt")
    table = detect("scripted", path, _PART, adapter="torchvision")
    expected = detect("eager", "python:vision_networks:ssdlite", _PART)
    assert table.embeddings is None
    one, other = (_predictions(found) for found in (table, expected))
    assert len(one) == len(other)
    np.testing.assert_allclose(one["score"].sort_values(), other["score"].sort_values(), rtol=0, atol=1e-4)


def test_weights_with_a_factory_are_the_same_model(detect, vision_networks, tmp_path):
    torch.save(vision_networks.ssdlite().state_dict(), tmp_path / "weights.pth")
    table = detect("weights", str(tmp_path / "weights.pth"), _PART, factory="vision_networks:ssdlite")
    assert table.objects.equals(detect("whole", "python:vision_networks:ssdlite", _PART).objects)


@pytest.mark.slow
def test_deeplab_runs_as_it_is_scripted_and_exported(segment, vision_networks, tmp_path):
    eager = segment("eager", "python:vision_networks:deeplab")
    assert eager.embeddings.shape == (3, 960)
    scripted = segment("scripted", _scripted(vision_networks.deeplab(), tmp_path / "m.pt"))
    pixels = torch.rand(2, 3, 64, 64)
    batch = {0: torch.export.Dim("batch", min=1, max=64)}
    program = torch.export.export(vision_networks.deeplab(), (pixels,), dynamic_shapes=(batch,))
    torch.export.save(program, tmp_path / "m.pt2")
    exported = segment("exported", str(tmp_path / "m.pt2"), preprocess={})
    assert exported.embeddings.shape == (3, 960)
    total = sum(eager.pixels.column("pixels").to_pylist())
    for table in (scripted, exported):
        assert sum(table.pixels.column("pixels").to_pylist()) == total
    moved = {
        tuple(row[name] for name in ("image", "label", "prediction")): row["pixels"]
        for row in scripted.pixels.to_pylist()
    }
    for row in eager.pixels.to_pylist():  # rounding may move a pixel between classes that are as likely
        assert abs(moved.get((row["image"], row["label"], row["prediction"]), 0) - row["pixels"]) <= 20


def _constant(path, outputs, shape=(1, 3, 64, 96)):
    """Write an ONNX file that returns the same arrays for every image, moved by nothing that it sees."""
    zero = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
    ]
    adds = [helper.make_node("Add", [f"fixed {name}", "zero"], [name]) for name in outputs]
    graph = helper.make_graph(
        [*zero, *adds],
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, list(shape))],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape)
            for name, value in outputs.items()
        ],
        [
            numpy_helper.from_array(value.astype(np.float32), f"fixed {name}")
            for name, value in outputs.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return str(path)


def test_a_yolo_export_is_letterboxed_into_its_own_size_by_the_command(command, tmp_path):
    head = np.zeros((1, 7, 3), dtype=np.float32)
    head[0, :, 0] = [48, 32, 96, 64, 0.9, 0.1, 0]  # the whole frame is red, and a little green
    head[0, :, 1] = [48, 32, 94, 62, 0.8, 0, 0]  # the same object again
    model = _constant(tmp_path / "yolo.onnx", {"output0": head})
    assert "read by yolo, cpu in model" in command(model, "--adapter", "yolo", "--dry-run").output
    assert "12 objects, 24 predictions" in command(model, "--adapter", "yolo").output
    table = EvaluationTable.read(tmp_path / "out")
    found = _predictions(table)
    assert found.groupby("image").size().tolist() == [2] * 12
    sizes = table.samples.to_pandas().set_index("id").loc[found["image"], ["width", "height"]].to_numpy()
    np.testing.assert_allclose(found[["width", "height"]], sizes, rtol=0, atol=1e-4)
    assert found["score"].tolist() == pytest.approx([0.9, 0.1] * 12)


def test_a_detr_export_is_known_by_the_names_of_its_outputs(detect, tmp_path):
    logits = np.full((1, 2, 4), -9.0)
    logits[0, 0, 1] = logits[0, 1, 3] = 9  # one green object, one no object
    boxes = np.array([[[0.5, 0.5, 1, 0.5], [0.5, 0.5, 1, 1]]])
    model = _constant(tmp_path / "detr.onnx", {"logits": logits, "pred_boxes": boxes})
    table = detect("out", model)
    found = _predictions(table)
    assert found["class"].tolist() == ["green"] * 12
    heights = table.samples.column("height").to_numpy()
    np.testing.assert_allclose(found["y"], heights / 4, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found["height"], heights / 2, rtol=0, atol=1e-4)


def test_an_export_that_takes_one_image_needs_no_batch(detect, tmp_path):
    outputs = {
        "boxes": np.array([[10.0, 5, 30, 25]]),
        "labels": np.array([1.0]),
        "scores": np.array([0.5]),
    }
    model = _constant(tmp_path / "one.onnx", outputs, shape=(3, 64, 96))
    found = _predictions(detect("out", model, adapter="boxes"))
    assert found["class"].tolist() == ["green"] * 12


def test_options_come_from_a_file_too(command, tmp_path):
    head = np.zeros((1, 7, 1), dtype=np.float32)
    head[0, :, 0] = [48, 32, 20, 20, 0.2, 0, 0]
    model = _constant(tmp_path / "yolo.onnx", {"output0": head})
    fields = {"adapter": "yolo", "adapter_options": {"score": 0.5}, "classes": ["red", "green", "blue"]}
    (tmp_path / "options.json").write_text(json.dumps(fields))
    result = command(model, "--model-options", str(tmp_path / "options.json"))
    assert "12 objects, 0 predictions" in result.output


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["faster_rcnn", "ssdlite"])
def test_a_gpu_finds_what_the_cpu_finds(shapes, vision_networks, tmp_path, name):
    options = ModelOptions.parse({"classes": ["red", "green", "blue"]}, "test")
    found = [
        _predictions(
            evaluate_model.run(
                f"python:vision_networks:{name}",
                f"voc:{shapes}",
                tmp_path / device,
                options=options,
                task="detection",
                device=device,
            )
        )
        for device in ("cpu", "cuda")
    ]
    one, other = (frame["score"].sort_values(ascending=False).to_numpy()[:200] for frame in found)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-3)

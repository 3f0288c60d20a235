"""Models are loaded from every format, safely where the format allows, and with a clear line otherwise."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from seatrial.errors import InputError, MissingExtraError, ModelError
from seatrial.inference import ModelOptions
from seatrial.inference.load import load_model
from seatrial.inference.network import BatchRange, class_values

pytestmark = pytest.mark.filterwarnings(
    # the tests make TorchScript files with what torch deprecates; loading them must not warn
    "ignore:.torch.jit.(script|trace|save|trace_method). is:DeprecationWarning",
    "ignore:.torch.jit.(script|trace|save|trace_method). is:FutureWarning",
)


def _pixels(count=3, side=8):
    torch.manual_seed(0)
    return torch.rand(count, 3, side, side).to(memory_format=torch.channels_last)


def _load(uri, **fields):
    return load_model(str(uri), ModelOptions.parse(fields, "test"), device="cpu")


def _run(model, pixels):
    return class_values(model.network.forward(pixels))


def _export(module, path, shape=(2, 3, 8, 8), **dynamic):
    batch = torch.export.Dim("batch", **dynamic) if dynamic is not None else None
    program = torch.export.export(module.eval(), (torch.rand(*shape),), dynamic_shapes=({0: batch},))
    torch.export.save(program, path)
    return path


def _onnx(path, *, batch="n", embeddings=True, elements=1):
    """A graph with two outputs, made by hand: mean over pixels, times weights."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    weights = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["pixels", "axes"], ["embeddings"], keepdims=0),
        helper.make_node("MatMul", ["embeddings", "weights"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", elements, [batch, 2])]
    if embeddings:
        outputs.append(helper.make_tensor_value_info("embeddings", elements, [batch, 3]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("pixels", elements, [batch, 3, 8, 8])],
        outputs,
        [
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(np.array([2, 3]), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return path


class TestPython:
    def test_a_callable_is_called(self, tiny_networks):
        model = _load("python:tiny_networks:tiny")
        torch.testing.assert_close(
            _run(model, _pixels()).values, tiny_networks.tiny()(_pixels()), rtol=0, atol=1e-6
        )

    def test_the_model_is_in_evaluation_mode_and_channels_last(self, tiny_networks):
        tiny_networks.kept = tiny_networks.tiny()
        _load("python:tiny_networks:kept")
        assert not tiny_networks.kept.training
        weight = tiny_networks.kept.convolution.weight
        assert weight.is_contiguous(memory_format=torch.channels_last)

    def test_embeddings_are_what_the_last_linear_layer_sees(self, tiny_networks):
        output = _run(_load("python:tiny_networks:tiny"), _pixels())
        torch.testing.assert_close(
            output.embeddings, tiny_networks.tiny().features(_pixels()), rtol=0, atol=1e-6
        )

    def test_embeddings_that_the_model_returns_win(self, tiny_networks):
        output = _run(_load("python:tiny_networks:pair"), _pixels())
        torch.testing.assert_close(
            output.embeddings, tiny_networks.pair().features(_pixels()) * 2, rtol=0, atol=1e-6
        )

    def test_embeddings_are_absent_without_a_linear_classifier(self, tiny_networks):
        assert _run(_load("python:tiny_networks:Ties"), _pixels()).embeddings is None
        assert _run(_load("python:tiny_networks:FeatureMap"), _pixels()).embeddings is None

    def test_embeddings_can_be_switched_off(self, tiny_networks):
        output = _run(_load("python:tiny_networks:tiny", embeddings=False), _pixels())
        assert output.embeddings is None

    def test_the_digest_follows_the_weights(self, tiny_networks):
        first = _load("python:tiny_networks:tiny").digest
        assert first == _load("python:tiny_networks:tiny").digest
        assert first.startswith("sha256:")
        assert first != _load("python:tiny_networks:Tiny").digest

    @pytest.mark.parametrize(
        ("uri", "message"),
        [
            ("python:tiny_networks", "'tiny_networks': expected package.module:callable"),
            ("python:no_such_module_here:f", "cannot be imported: No module named"),
            ("python:tiny_networks:absent", "cannot be imported: .* has no attribute 'absent'"),
            ("python:tiny_networks:number", "expected it to return an nn.Module, got int"),
            ("python:tiny_networks:Broken", "calling it failed: ZeroDivisionError: no weights today"),
            ("python:sys:path", "expected a callable that returns an nn.Module, got list"),
        ],
    )
    def test_what_is_no_such_callable_is_one_line(self, tiny_networks, uri, message):
        with pytest.raises(ModelError, match=message):
            _load(uri)


class TestWeights:
    def test_weights_go_into_what_the_factory_builds(self, tiny_networks, tmp_path):
        torch.save(tiny_networks.tiny().state_dict(), tmp_path / "m.pth")
        model = _load(tmp_path / "m.pth", factory="tiny_networks:Tiny")
        torch.testing.assert_close(
            _run(model, _pixels()).values, tiny_networks.tiny()(_pixels()), rtol=0, atol=1e-6
        )

    def test_weights_are_found_in_a_training_checkpoint(self, tiny_networks, tmp_path):
        weights = {f"module.{key}": value for key, value in tiny_networks.tiny().state_dict().items()}
        torch.save({"epoch": 3, "state_dict": weights}, tmp_path / "m.ckpt")
        assert _run(_load(tmp_path / "m.ckpt", factory="tiny_networks:Tiny"), _pixels())

    def test_safetensors_are_read_or_named_as_missing(self, tiny_networks, tmp_path):
        try:
            from safetensors.torch import save_file
        except ImportError:
            (tmp_path / "m.safetensors").write_bytes(b"\0" * 16)
            with pytest.raises(MissingExtraError, match="this needs safetensors"):
                _load(tmp_path / "m.safetensors", factory="tiny_networks:Tiny")
        else:
            save_file(tiny_networks.tiny().state_dict(), tmp_path / "m.safetensors")
            assert _load(tmp_path / "m.safetensors", factory="tiny_networks:Tiny")

    def test_weights_that_do_not_fit_say_how(self, tiny_networks, tmp_path):
        torch.save({"a": torch.zeros(1)}, tmp_path / "m.pth")
        with pytest.raises(ModelError, match="missing 'convolution.weight'.* unexpected 'a'"):
            _load(tmp_path / "m.pth", factory="tiny_networks:Tiny")
        torch.save(tiny_networks.three_classes().state_dict(), tmp_path / "m.pth")
        with pytest.raises(
            ModelError, match=r"does not fit tiny_networks:Tiny: size mismatch for classifier"
        ):
            _load(tmp_path / "m.pth", factory="tiny_networks:Tiny")

    def test_a_file_of_weights_without_a_factory_asks_for_one(self, tiny_networks, tmp_path):
        torch.save(tiny_networks.tiny().state_dict(), tmp_path / "m.pth")
        with pytest.raises(ModelError, match=r"holds weights only: name what builds the module.*--factory"):
            _load(tmp_path / "m.pth")

    def test_a_file_of_anything_else_is_refused(self, tiny_networks, tmp_path):
        torch.save([1, 2], tmp_path / "m.pth")
        with pytest.raises(ModelError, match="expected a mapping of names to tensors, got list"):
            _load(tmp_path / "m.pth", factory="tiny_networks:Tiny")

    def test_nothing_is_unpickled_on_the_way_to_the_weights(self, tiny_networks, tmp_path):
        marker = tmp_path / "ran"
        torch.save({"a": _Run(marker)}, tmp_path / "m.pth")
        with pytest.raises(ModelError, match="expected weights alone"):
            _load(tmp_path / "m.pth", factory="tiny_networks:Tiny")
        assert not marker.exists()


class _Run:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


class TestPickle:
    def test_a_pickled_module_needs_trust(self, tiny_networks, tmp_path):
        torch.save(tiny_networks.tiny(), tmp_path / "m.pt")
        with pytest.raises(
            ModelError, match=r"is a pickled module; loading it would run code.*--trust-pickle"
        ):
            _load(tmp_path / "m.pt")
        model = _load(tmp_path / "m.pt", trust_pickle=True)
        assert _run(model, _pixels()).embeddings.shape == (3, 4)

    def test_nothing_runs_without_trust(self, tmp_path):
        marker = tmp_path / "ran"
        torch.save(_Run(marker), tmp_path / "m.pt")
        with pytest.raises(ModelError, match="trust_pickle"):
            _load(tmp_path / "m.pt")
        assert not marker.exists()

    def test_a_pickle_of_something_else_is_refused(self, tmp_path):
        torch.save([1], tmp_path / "m.pt")
        with pytest.raises(ModelError, match="expected a pickled nn.Module, got list"):
            _load(tmp_path / "m.pt", trust_pickle=True)

    def test_a_module_whose_code_is_gone_is_one_line(self, tiny_networks, tmp_path):
        torch.save(tiny_networks.tiny(), tmp_path / "m.pt")
        del tiny_networks.Tiny
        with pytest.raises(ModelError, match=r"cannot be loaded: AttributeError: .*Tiny"):
            _load(tmp_path / "m.pt", trust_pickle=True)


class TestTorchScript:
    def test_it_is_loaded_without_a_warning(self, tiny_networks, tmp_path):
        torch.jit.trace(tiny_networks.tiny().eval(), _pixels()).save(str(tmp_path / "m.pt"))
        values = _run(_load(tmp_path / "m.pt"), _pixels()).values
        torch.testing.assert_close(values, tiny_networks.tiny()(_pixels()), rtol=0, atol=1e-6)

    def test_its_embeddings_are_a_second_output(self, tiny_networks, tmp_path):
        torch.jit.trace(tiny_networks.pair().eval(), _pixels()).save(str(tmp_path / "m.ts"))
        assert _run(_load(tmp_path / "m.ts"), _pixels()).embeddings.shape == (3, 4)

    def test_a_program_that_touches_files_needs_trust(self, tmp_path):
        class Saves(nn.Module):
            def forward(self, pixels: torch.Tensor):
                torch.save(pixels, "somewhere")
                return pixels.mean((2, 3))

        # scripting needs the source, which a local class has
        torch.jit.script(Saves()).save(str(tmp_path / "m.pt"))
        with pytest.raises(ModelError, match="is a program that uses 'save'; loading it would run code"):
            _load(tmp_path / "m.pt")
        assert _load(tmp_path / "m.pt", trust_pickle=True)

    def test_its_data_is_not_unpickled_by_python(self, tiny_networks, tmp_path):
        torch.jit.trace(tiny_networks.tiny().eval(), _pixels()).save(str(tmp_path / "good.pt"))
        marker = tmp_path / "ran"
        _rewrite(tmp_path / "good.pt", tmp_path / "bad.pt", {"data.pkl": pickle.dumps(_Run(marker), 2)})
        with pytest.raises(ModelError, match="cannot be loaded as TorchScript"):
            _load(tmp_path / "bad.pt", trust_pickle=True)
        assert not marker.exists()


def _rewrite(source, target, entries):
    """Copy an archive with some entries, named by the end of their name, replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        root = old.namelist()[0].partition("/")[0]
        left = dict(entries)
        for name in old.namelist():
            content = next((left.pop(end) for end in list(left) if name.endswith(end)), old.read(name))
            new.writestr(name, content)
        for name, content in left.items():
            new.writestr(f"{root}/{name}", content)
    return target


class TestExport:
    def test_any_batch_is_taken_and_embeddings_are_found(self, tiny_networks, tmp_path):
        model = _load(_export(tiny_networks.tiny(), tmp_path / "m.pt2"))
        assert model.network.batch == BatchRange()
        assert model.network.shape == (3, 8, 8)
        output = _run(model, _pixels(5))
        expected = tiny_networks.tiny()
        torch.testing.assert_close(output.values, expected(_pixels(5)), rtol=0, atol=1e-6)
        torch.testing.assert_close(output.embeddings, expected.features(_pixels(5)), rtol=0, atol=1e-6)

    def test_a_fixed_batch_and_a_bounded_one_are_noticed(self, tiny_networks, tmp_path):
        program = torch.export.export(tiny_networks.tiny().eval(), (_pixels(4),))
        torch.export.save(program, tmp_path / "fixed.pt2")
        assert _load(tmp_path / "fixed.pt2").network.batch == BatchRange(4, 4)
        bounded = _export(tiny_networks.tiny(), tmp_path / "bounded.pt2", max=16)
        assert _load(bounded).network.batch.high == 16

    def test_a_model_that_returns_its_embeddings_is_taken_at_its_word(self, tiny_networks, tmp_path):
        output = _run(_load(_export(tiny_networks.mapping(), tmp_path / "m.pt2")), _pixels())
        assert output.embeddings.shape == (3, 4)

    def test_other_inputs_are_refused(self, tmp_path):
        program = torch.export.export(nn.Linear(4, 2), (torch.rand(2, 4),))
        torch.export.save(program, tmp_path / "m.pt2")
        with pytest.raises(ModelError, match=r"expected one input shaped \(batch, 3, height, width\)"):
            _load(tmp_path / "m.pt2")

    @pytest.mark.parametrize(
        ("entry", "replace", "message"),
        [
            ("sample_inputs/model.pt", None, "holds example inputs that are pickled objects"),
            ("data/constants/custom_obj_0", None, "holds 'data/constants/custom_obj_0', which is neither"),
            ("data/aotinductor/model/x.so", None, "which is neither a tensor nor a graph"),
            (
                "weights_config.json",
                (b'"use_pickle": false', b'"use_pickle": true'),
                "holds 'convolution.weight' as a pickled object",
            ),
            (
                "models/model.json",
                (b"torch.ops.aten.relu.default", b"torch.os.system"),
                "holds target 'torch.os.system'",
            ),
            (
                "models/model.json",
                (b"torch.ops.aten.relu.default", b"torch.ops.aten.from_file.default"),
                "holds target 'torch.ops.aten.from_file.default'",
            ),
            (
                "models/model.json",
                (b"Symbol(", b"__import__("),
                "holds expr_str ",
            ),
            ("models/model.json", (b'"pixels"]', b'"pixels=open(1)"]'), "holds forward_arg_names"),
            ("models/model.json", (b'"guards_code": []', b'"guards_code": ["f()"]'), "holds guards_code"),
            ("models/model.json", (b"builtins.dict", b"evil.structure"), "holds in_spec"),
        ],
    )
    def test_an_archive_that_could_run_code_needs_trust(
        self, tiny_networks, tmp_path, entry, replace, message
    ):
        good = _export(tiny_networks.tiny(), tmp_path / "good.pt2")
        marker = tmp_path / "ran"
        content = _pickled(_Run(marker))
        if replace is not None:
            with zipfile.ZipFile(good) as archive:
                name = next(one for one in archive.namelist() if one.endswith(entry))
                content = archive.read(name).replace(*replace, 1)
                assert content != archive.read(name)
        _rewrite(good, tmp_path / "bad.pt2", {entry: content})
        with pytest.raises(ModelError, match="trust_pickle") as caught:
            _load(tmp_path / "bad.pt2")
        assert message in str(caught.value)
        assert not marker.exists()


def _pickled(value):
    import io

    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


class TestOnnx:
    def test_a_second_output_of_two_dimensions_holds_the_embeddings(self, tmp_path):
        model = _load(_onnx(tmp_path / "m.onnx"))
        output = _run(model, _pixels())
        assert output.values.shape == (3, 2)
        torch.testing.assert_close(output.embeddings, _pixels().mean((2, 3)), rtol=0, atol=1e-6)
        assert (model.network.batch, model.network.shape) == (BatchRange(), (3, 8, 8))

    @pytest.mark.parametrize("outside", ["weights.bin", "m.onnx.data", "part/w"])
    def test_the_digest_covers_weights_that_are_kept_outside_of_the_file(self, tmp_path, outside):
        onnx = pytest.importorskip("onnx")
        (tmp_path / "part").mkdir()
        path = _onnx(tmp_path / "m.onnx")
        model = onnx.load(path)
        onnx.external_data_helper.set_external_data(model.graph.initializer[0], outside)
        onnx.save(model, path)
        before = _load(path).digest
        assert _load(path).digest == before
        weights = bytearray((tmp_path / outside).read_bytes())
        weights[0] ^= 1
        (tmp_path / outside).write_bytes(weights)
        assert _load(path).digest != before

    def test_a_fixed_batch_is_noticed(self, tmp_path):
        assert _load(_onnx(tmp_path / "m.onnx", batch=2)).network.batch == BatchRange(2, 2)

    def test_one_output_is_enough(self, tmp_path):
        output = _run(_load(_onnx(tmp_path / "m.onnx", embeddings=False)), _pixels())
        assert output.embeddings is None

    def test_precision_is_the_models_own(self, tmp_path):
        with pytest.raises(InputError, match="an ONNX model computes in its own"):
            _load(_onnx(tmp_path / "m.onnx"), precision="float32")


class TestBadInput:
    @pytest.mark.parametrize("name", ["absent.pt2", "absent.onnx", "absent"])
    def test_an_absent_file_is_named(self, tmp_path, name):
        with pytest.raises(ModelError, match=f"{name}: no such file"):
            _load(tmp_path / name)

    @pytest.mark.parametrize("suffix", [".pt", ".ts", ".pt2", ".onnx", ".pth"])
    @pytest.mark.parametrize("content", [b"", b"not a model at all", b"PK\x03\x04 half an archive"])
    def test_a_damaged_file_is_one_line(self, tmp_path, suffix, content):
        path = tmp_path / f"m{suffix}"
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"m\.\w+ cannot be loaded") as caught:
            _load(path, trust_pickle=True)
        assert "\n" not in str(caught.value)
        with pytest.raises(ModelError, match=r"m\.\w+ cannot be loaded"):
            _load(path)

    def test_a_truncated_archive_is_one_line(self, tiny_networks, tmp_path):
        path = _export(tiny_networks.tiny(), tmp_path / "m.pt2")
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(ModelError, match="cannot be loaded"):
            _load(path)

    def test_a_folder_and_an_unknown_suffix_are_named(self, tmp_path):
        with pytest.raises(ModelError, match="expected a file, got a folder"):
            _load(tmp_path)
        (tmp_path / "m.h5").write_bytes(b"x")
        with pytest.raises(ModelError, match=r"unknown kind of file '\.h5': expected one of \.pt2, \.onnx"):
            _load(tmp_path / "m.h5")

    def test_an_unknown_scheme_lists_the_known_ones(self):
        with pytest.raises(InputError, match="no source for wandb: expected a local file or one of python:"):
            _load("wandb://a/b")

    @pytest.mark.parametrize(
        ("device", "message"),
        [
            ("tpu", "device 'tpu': expected auto, cpu, cuda or cuda:N"),
            ("cuda:-1", "expected auto, cpu, cuda or cuda:N"),
            ("cuda:99", "expected one of .* CUDA devices here"),
        ],
    )
    def test_an_unknown_device_is_named(self, tiny_networks, device, message):
        with pytest.raises(InputError, match=message):
            load_model("python:tiny_networks:tiny", ModelOptions(), device=device)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
    def test_a_gpu_asked_for_where_there_is_none_is_one_line(self, tiny_networks):
        with pytest.raises(
            InputError, match="device 'cuda': expected one of 0 CUDA devices here; --device cpu"
        ):
            load_model("python:tiny_networks:tiny", ModelOptions(), device="cuda")

    def test_half_precision_needs_a_gpu(self, tiny_networks):
        with pytest.raises(InputError, match="precision 'bfloat16' needs a GPU, got device 'cpu'"):
            _load("python:tiny_networks:tiny", precision="bfloat16")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_computes_in_bfloat16_unless_told_otherwise(tiny_networks, tmp_path):
    for uri in ("python:tiny_networks:tiny", str(_export(tiny_networks.tiny(), tmp_path / "m.pt2"))):
        model = load_model(uri, ModelOptions())
        assert (model.network.device.type, model.network.precision) == ("cuda", "bfloat16")
        output = _run(model, _pixels().to(model.network.device))
        torch.testing.assert_close(
            output.values.float().cpu(), tiny_networks.tiny()(_pixels()), rtol=0, atol=0.05
        )
        assert output.embeddings is not None

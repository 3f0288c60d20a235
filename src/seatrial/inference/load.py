"""Load a model from wherever it is, ready to run."""

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from seatrial.datasets import Task
from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.inference.adapters.adapter import Adapter
from seatrial.inference.adapters.choice import choose_adapter
from seatrial.inference.checkpoint import load_pickled, load_weights
from seatrial.inference.device import available_cores, choose_device, choose_precision
from seatrial.inference.dotted import build_module
from seatrial.inference.exported import load_exported
from seatrial.inference.locate import PYTHON, locate
from seatrial.inference.network import Network
from seatrial.inference.onnx_network import load_onnx
from seatrial.inference.options import ModelOptions
from seatrial.inference.source import FetchedModel
from seatrial.inference.torch_network import DeepestFeatures, PenultimateLayer, TorchNetwork, Watch
from seatrial.inference.torchscript import load_torchscript

__all__ = ["LoadedModel", "load_model"]

_TORCHVISION_DETECTION = "torchvision.models.detection."
_SELF_CONTAINED = ("torchscript", "export", "onnx")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model on its device.

    Attributes:
        uri: As the user named it.
        digest: ``sha256:<hex>`` of its files, or of its structure and weights where it has none.
        options: The user's options over those that its source knows.
        network: Runs it.
        self_contained: Whether the digest covers all that runs: a graph in a file, not a Python class.
        adapter: Reads its output; None for a classifier.
        adapter_name: The adapter's name; empty for a classifier.
    """

    uri: str
    digest: str
    options: ModelOptions
    network: Network
    self_contained: bool = False
    adapter: Adapter | None = None
    adapter_name: str = ""

    @property
    def takes_list(self) -> bool:
        """Whether the model takes a list of images, not a batch."""
        return self.adapter is not None and self.adapter.takes == "list"

    def compiled(self) -> "LoadedModel":
        """Compile the network where the options ask for it.

        Raises:
            InputError: It is none that torch can compile.
        """
        if not self.options.compile:
            return self
        if not isinstance(self.network, TorchNetwork):
            raise InputError("option compile: expected an nn.Module or a .pt2 file, got an ONNX model")
        return replace(self, network=self.network.compiled())

    def adapted(self, task: Task) -> "LoadedModel":
        """Choose what reads its output, and complete the preprocessing by what that says of its models."""
        chosen = choose_adapter(self.options, task, self.network.adapter)
        if chosen is None:
            return self
        name, adapter = chosen
        defaults = {"preprocess": adapter.preprocess(self.network.shape)}
        options = self.options.merged_over(defaults, f"preprocess of adapter {name!r}")
        ours = type(adapter).__module__.startswith("seatrial.")  # other code may change unseen
        return replace(
            self,
            options=options,
            adapter=adapter,
            adapter_name=name,
            self_contained=self.self_contained and ours,
        )


def load_model(
    uri: str, options: ModelOptions, *, device: str = "auto", task: Task = "classification"
) -> LoadedModel:
    """Load a model.

    Args:
        uri: Local file (TorchScript, .pt2, .onnx, weights, pickled module),
            ``python:package.module:callable``, or the URI of an installed model source
            (``runs:/…``, ``models:/…``).
        options: How to load it; fields that are not set are taken from what its source knows.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        task: What it is run for.

    Raises:
        ModelError: It cannot be loaded, it is a detector whose adapter is not named, or loading would run
            code from it and that is not allowed.
        InputError: An option, the device or the scheme is not known here.
        ServiceError: The service that has the model does not answer.
    """
    chosen = choose_device(device)
    if uri.startswith(PYTHON):
        module = build_module(uri.removeprefix(PYTHON))
        digest = _module_digest(module)  # before the weights move to the device
        loaded = LoadedModel(uri, digest, options, _torch(module, options, chosen, task))
        return loaded.adapted(task)
    with tempfile.TemporaryDirectory(prefix="seatrial-model-") as folder:
        fetched = locate(uri, Path(folder), factory=options.factory)
        merged = options.merged_over(fetched.options, f"options of model {uri}")
        network = _open(fetched, merged, chosen, task, explicit=device != "auto")
        # a trusted file may read others, or name code of this environment
        whole = fetched.kind in _SELF_CONTAINED and bool(fetched.digest) and not merged.trust_pickle
        loaded = LoadedModel(uri, fetched.digest, merged, network, self_contained=whole)
        return loaded.adapted(task)


def _open(
    fetched: FetchedModel, options: ModelOptions, device: torch.device, task: Task, *, explicit: bool
) -> Network:
    match fetched.kind:
        case "onnx":
            if options.precision != "auto":
                raise InputError(
                    f"precision {options.precision!r}: an ONNX model computes in its own; leave it at auto"
                )
            return load_onnx(fetched.path, device, explicit=explicit, threads=available_cores())
        case "torchscript":
            dtype = _dtype(options, device, task)
            return load_torchscript(fetched.path, device, dtype, trusted=options.trust_pickle)
        case "export":
            return load_exported(
                fetched.path,
                device,
                _dtype(options, device, task),
                trusted=options.trust_pickle,
                layer=_layer(options, task),
            )
        case "state_dict":
            return _torch(load_weights(fetched.path, options.factory), options, device, task)
        case "pickle" if options.factory is not None:  # the user says that it holds weights only
            return _torch(load_weights(fetched.path, options.factory), options, device, task)
        case "pickle":
            module = load_pickled(fetched.path, trusted=options.trust_pickle)
            return _torch(module, options, device, task)


def _torch(module: nn.Module, options: ModelOptions, device: torch.device, task: Task) -> TorchNetwork:
    module.eval()
    module.to(device)
    if not isinstance(module, torch.jit.ScriptModule):
        module.to(memory_format=torch.channels_last)
    layer = _layer(options, task)
    if layer is not None:
        layer.watch(module)
    kinds = type(module).__mro__
    certain = any(kind.__module__.startswith(_TORCHVISION_DETECTION) for kind in kinds)
    return TorchNetwork(
        module,
        device,
        _dtype(options, device, task),
        layer=layer,
        adapter="torchvision" if certain else None,
    )


def _dtype(options: ModelOptions, device: torch.device, task: Task) -> torch.dtype:
    # a detector computes coordinates, of which bfloat16 keeps eight bits: steps of four pixels at 640
    exact = task == "detection" and options.precision == "auto"
    return choose_precision("float32" if exact else options.precision, device)


def _layer(options: ModelOptions, task: Task) -> Watch | None:
    if not options.embeddings:
        return None
    return PenultimateLayer() if task == "classification" else DeepestFeatures()


def _module_digest(module: nn.Module) -> str:
    weights = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        weights.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        weights.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest_json({"structure": repr(module), "weights": weights.hexdigest()})

"""Load a model from wherever it is, ready to run."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.inference.checkpoint import load_pickled, load_weights
from seatrial.inference.device import available_cores, choose_device, choose_precision
from seatrial.inference.dotted import build_module
from seatrial.inference.exported import load_exported
from seatrial.inference.locate import PYTHON, locate
from seatrial.inference.network import Network
from seatrial.inference.onnx_network import load_onnx
from seatrial.inference.options import ModelOptions
from seatrial.inference.source import FetchedModel
from seatrial.inference.torch_network import PenultimateLayer, TorchNetwork
from seatrial.inference.torchscript import load_torchscript

__all__ = ["LoadedModel", "load_model"]

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
    """

    uri: str
    digest: str
    options: ModelOptions
    network: Network
    self_contained: bool = False


def load_model(uri: str, options: ModelOptions, *, device: str = "auto") -> LoadedModel:
    """Load a model.

    Args:
        uri: Local file (TorchScript, .pt2, .onnx, weights, pickled module),
            ``python:package.module:callable``, or the URI of an installed model source
            (``runs:/…``, ``models:/…``).
        options: How to load it; fields that are not set are taken from what its source knows.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        ModelError: It cannot be loaded, or loading would run code from it and that is not allowed.
        InputError: An option, the device or the scheme is not known here.
        ServiceError: The service that has the model does not answer.
    """
    chosen = choose_device(device)
    if uri.startswith(PYTHON):
        module = build_module(uri.removeprefix(PYTHON))
        digest = _module_digest(module)  # before the weights move to the device
        return LoadedModel(uri, digest, options, _torch(module, options, chosen))
    with tempfile.TemporaryDirectory(prefix="seatrial-model-") as folder:
        fetched = locate(uri, Path(folder), factory=options.factory)
        merged = options.merged_over(fetched.options, f"options of model {uri}")
        network = _open(fetched, merged, chosen, explicit=device != "auto")
        # a trusted file may read others, or name code of this environment
        whole = fetched.kind in _SELF_CONTAINED and bool(fetched.digest) and not merged.trust_pickle
        return LoadedModel(uri, fetched.digest, merged, network, self_contained=whole)


def _open(fetched: FetchedModel, options: ModelOptions, device: torch.device, *, explicit: bool) -> Network:
    match fetched.kind:
        case "onnx":
            if options.precision != "auto":
                raise InputError(
                    f"precision {options.precision!r}: an ONNX model computes in its own; leave it at auto"
                )
            return load_onnx(fetched.path, device, explicit=explicit, threads=available_cores())
        case "torchscript":
            return load_torchscript(
                fetched.path,
                device,
                choose_precision(options.precision, device),
                trusted=options.trust_pickle,
            )
        case "export":
            return load_exported(
                fetched.path,
                device,
                choose_precision(options.precision, device),
                trusted=options.trust_pickle,
                embeddings=options.embeddings,
            )
        case "state_dict":
            return _torch(load_weights(fetched.path, options.factory), options, device)
        case "pickle" if options.factory is not None:  # the user says that it holds weights only
            return _torch(load_weights(fetched.path, options.factory), options, device)
        case "pickle":
            return _torch(load_pickled(fetched.path, trusted=options.trust_pickle), options, device)


def _torch(module: nn.Module, options: ModelOptions, device: torch.device) -> TorchNetwork:
    dtype = choose_precision(options.precision, device)
    module.eval()
    module.to(device)
    if not isinstance(module, torch.jit.ScriptModule):
        module.to(memory_format=torch.channels_last)
    layer = PenultimateLayer() if options.embeddings else None
    if layer is not None:
        layer.watch(module)
    return TorchNetwork(module, device, dtype, layer=layer)


def _module_digest(module: nn.Module) -> str:
    weights = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        weights.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        weights.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest_json({"structure": repr(module), "weights": weights.hexdigest()})

"""Files of ``torch.save``: weights alone, read safely, and whole pickled modules, which need trust."""

import importlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seatrial.errors import MissingExtraError, ModelError, examples
from seatrial.inference.dotted import build_module

__all__ = ["load_pickled", "load_weights", "need_trust"]

#: Keys under which training scripts keep the weights beside optimiser state, epoch and so on.
_NESTED = ("state_dict", "model_state_dict", "model")

_DAMAGE = (OSError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


def need_trust(path: Path, why: str) -> ModelError:
    """Explain that a file is not loaded without ``trust_pickle``."""
    return ModelError(
        f"{path}: {why}; loading it would run code from the file: set trust_pickle (--trust-pickle) "
        "if you trust where it comes from, or save as .pt2, ONNX or a state_dict"
    )


def load_weights(path: Path, factory: str | None) -> nn.Module:
    """Build a module with ``factory`` and load the file's weights into it; no code of the file is run.

    Raises:
        ModelError: There is no factory, the file holds more than weights, or they do not fit the module.
    """
    if factory is None:
        raise _need_factory(path)
    weights = _plain(_read_weights(path), path)
    module = build_module(factory)
    try:
        missing, unexpected = module.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"{path} does not fit {factory}: {reason}") from error
    if missing or unexpected:
        faults = [f"missing {examples(missing)}"] if missing else []
        faults += [f"unexpected {examples(unexpected)}"] if unexpected else []
        raise ModelError(f"{path} does not fit {factory}: {'; '.join(faults)}")
    return module


def load_pickled(path: Path, *, trusted: bool) -> nn.Module:
    """Load a whole pickled ``nn.Module``.

    Raises:
        ModelError: It is not trusted, cannot be loaded, or is not a module.
    """
    if not _is_pickle(path):
        raise ModelError(f"{path} cannot be loaded: neither torch.save nor torch.jit.save wrote it")
    if not trusted:
        raise _need_factory(path) if _is_weights(path) else need_trust(path, "is a pickled module")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=False)
    except (*_DAMAGE, pickle.UnpicklingError, ImportError, AttributeError, TypeError) as error:
        raise ModelError(f"{path} cannot be loaded: {type(error).__name__}: {_first_line(error)}") from error
    if isinstance(loaded, Mapping):
        raise _need_factory(path)
    if not isinstance(loaded, nn.Module):
        raise ModelError(f"{path}: expected a pickled nn.Module, got {type(loaded).__name__}")
    return loaded


def _need_factory(path: Path) -> ModelError:
    return ModelError(
        f"{path} holds weights only: name what builds the module with "
        "factory: package.module:callable (--factory)"
    )


def _is_pickle(path: Path) -> bool:
    """Tell what pickle wrote, in a ZIP archive or bare, by its first bytes."""
    try:
        with path.open("rb") as stream:
            return stream.read(2)[:1] == pickle.PROTO or zipfile.is_zipfile(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error


def _is_weights(path: Path) -> bool:
    """Tell weights from a pickled module without unpickling anything."""
    try:
        return isinstance(torch.load(path, map_location="cpu", weights_only=True), Mapping)
    except (*_DAMAGE, pickle.UnpicklingError):
        return False


def _read_weights(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: expected weights alone, but the file holds other objects, which only unpickling could "
            "read: save module.state_dict()"
        ) from error
    except _DAMAGE as error:
        raise ModelError(f"{path} cannot be loaded: {_first_line(error)}") from error


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        torch_files = importlib.import_module("safetensors.torch")
        damage = importlib.import_module("safetensors").SafetensorError
    except ImportError as error:
        raise MissingExtraError("safetensors", "torch") from error
    try:
        weights: dict[str, Tensor] = torch_files.load_file(path)
    except (OSError, damage) as error:
        raise ModelError(f"{path} cannot be loaded: {_first_line(error)}") from error
    return weights


def _plain(loaded: Any, path: Path) -> dict[str, Tensor]:
    """Take the weights out of a training checkpoint, without DistributedDataParallel's prefix."""
    nested = loaded if isinstance(loaded, Mapping) else {}
    inner = next((nested[key] for key in _NESTED if isinstance(nested.get(key), Mapping)), nested)
    if not inner or not all(isinstance(value, Tensor) for value in inner.values()):
        raise ModelError(f"{path}: expected a mapping of names to tensors, got {type(loaded).__name__}")
    prefix = "module." if all(key.startswith("module.") for key in inner) else ""
    return {key.removeprefix(prefix): value for key, value in inner.items()}


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__

"""TorchScript files (``torch.jit.save``)."""

import warnings
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import ModelError
from seatrial.inference.torch_network import TorchNetwork

__all__ = ["load_torchscript"]


def load_torchscript(path: Path, device: torch.device, dtype: torch.dtype) -> TorchNetwork:
    """Load a TorchScript module.

    Its data is read by torch's C++ unpickler, which builds tensors and TorchScript's own types and never
    imports or calls Python. The program inside is TorchScript: it can call torch's operators, which
    include some that read and write files, so a stranger's file still deserves care.

    Raises:
        ModelError: The file is damaged or is not TorchScript.
    """
    try:
        with warnings.catch_warnings():
            # torch deprecates making and loading TorchScript in favour of torch.export; files in use remain
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.load` is", category=FutureWarning)
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.load` is", category=DeprecationWarning)
            module: Any = torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{path} cannot be loaded as TorchScript: {_reason(error)}") from error
    module.eval()
    return TorchNetwork(module, device, dtype)


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__

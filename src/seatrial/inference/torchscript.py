"""TorchScript files (``torch.jit.save``)."""

import re
import warnings
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import ModelError, examples
from seatrial.inference.checkpoint import need_trust
from seatrial.inference.torch_network import TorchNetwork

__all__ = ["load_torchscript"]

_FILE_OPERATOR = re.compile(rb"\b(?:torch|aten|prim)\s*\.\s*(save|load|from_file)\b")


def load_torchscript(path: Path, device: torch.device, dtype: torch.dtype, *, trusted: bool) -> TorchNetwork:
    """Load a TorchScript module.

    Its data is read by torch's C++ unpickler, which builds tensors and TorchScript's own types and never
    imports or calls Python. Its program can do nothing but call torch's operators; the few that touch files
    (verified with torch 2.14: ``save`` writes and ``from_file`` creates one wherever the program says) are
    looked for first, and a program that uses one needs ``trusted``.

    Raises:
        ModelError: The file is damaged, is not TorchScript, or is not trusted.
    """
    try:
        if not trusted and (used := _file_operators(path)):
            raise need_trust(path, f"is a program that uses {examples(used)}")
        with warnings.catch_warnings():
            # torch deprecates making and loading TorchScript in favour of torch.export; files in use remain
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.load` is", category=FutureWarning)
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.load` is", category=DeprecationWarning)
            # torch gives this function no types
            module: Any = torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{path} cannot be loaded as TorchScript: {_reason(error)}") from error
    module.eval()
    # scripted detectors of torchvision say so at their first batch; their adapter knows. Filtered for good:
    # to restore filters after each batch would race with the threads that decode
    warnings.filterwarnings("ignore", message=r"\w+ always returns a \(Losses, Detections\) tuple")
    return TorchNetwork(module, device, dtype)


def _file_operators(path: Path) -> list[str]:
    """Find operators that read or write files in the program's source, read as torch will read it."""
    reader = torch._C.PyTorchFileReader(str(path))  # noqa: SLF001 - zipfile might see other entries than torch
    sources = [reader.get_record(name) for name in reader.get_all_records() if name.startswith("code/")]
    found = {match.decode() for source in sources for match in _FILE_OPERATOR.findall(source)}
    return sorted(found)


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__

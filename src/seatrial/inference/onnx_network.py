"""ONNX files, run by onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seatrial.errors import InputError, MissingExtraError, ModelError
from seatrial.inference.network import BatchRange, InputShape, NetworkOutput

__all__ = ["OnnxNetwork", "load_onnx"]

_CUDA = "CUDAExecutionProvider"
_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_IMAGE_RANK = 4
_MATRIX = 2
_QUIET = 4


class OnnxNetwork:
    """An onnxruntime session; pixels go in and results come out through host memory."""

    precision = "model"

    def __init__(self, session: Any, path: Path) -> None:
        self.device = torch.device("cpu")
        given = session.get_inputs()[0]
        if given.type not in _DTYPES or len(given.shape) != _IMAGE_RANK:
            raise ModelError(
                f"{path}: expected an input of floats shaped (batch, 3, height, width), "
                f"got {given.type} shaped {given.shape}"
            )
        self._session = session
        self._input = given.name
        self._dtype = _DTYPES[given.type]
        first, *rest = (side if isinstance(side, int) else None for side in given.shape)
        self.batch = BatchRange(first, first) if first else BatchRange()
        self.shape: InputShape = (rest[0], rest[1], rest[2])
        self._outputs = [one.name for one in session.get_outputs()]

    def forward(self, pixels: Tensor) -> NetworkOutput:
        """Run the session; a second two-dimensional output holds the embeddings."""
        values = np.ascontiguousarray(pixels.numpy(), dtype=self._dtype)
        results = self._session.run(self._outputs, {self._input: values})
        tensors = [torch.from_numpy(one) for one in results if isinstance(one, np.ndarray)]
        if not tensors:
            raise ModelError("the ONNX model returned no tensor")
        others = [one for one in tensors[1:] if one.ndim == _MATRIX and one.is_floating_point()]
        return NetworkOutput(tensors[0], others[0] if others else None)


def load_onnx(path: Path, device: torch.device, *, explicit: bool, threads: int) -> OnnxNetwork:
    """Open an ONNX file; the format holds a graph and tensors, no Python.

    Args:
        path: The file; external weights lie beside it.
        device: Where to run it.
        explicit: The device was asked for by name, so falling back to the CPU would not be what was asked.
        threads: Threads on the CPU.

    Raises:
        ModelError: The file cannot be loaded.
        InputError: A GPU was asked for and onnxruntime has no support for it.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "torch") from error
    on_gpu = device.type == "cuda" and _CUDA in ort.get_available_providers()
    if device.type == "cuda" and explicit and not on_gpu:
        raise InputError(f"device {str(device)!r}: onnxruntime here has no {_CUDA}: install onnxruntime-gpu")
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = _QUIET
    cuda = [(_CUDA, {"device_id": device.index or 0})] if on_gpu else []
    try:
        session = ort.InferenceSession(str(path), settings, providers=[*cuda, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises types of its own C++ module, which share no base
        raise ModelError(f"{path} cannot be loaded as ONNX: {str(error).splitlines()[0]}") from error
    return OnnxNetwork(session, path)

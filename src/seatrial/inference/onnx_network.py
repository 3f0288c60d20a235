"""ONNX files, run by onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seatrial.errors import InputError, MissingExtraError, ModelError
from seatrial.inference.network import BatchRange, InputShape, NamedOutputs, NetworkOutput

__all__ = ["OnnxNetwork", "load_onnx"]

_CUDA = "CUDAExecutionProvider"
_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_BATCH_RANK, _IMAGE_RANK = 4, 3
_QUIET = 4

#: Names of outputs that leave no doubt about what they hold, and the adapter that reads them.
_CERTAIN = ((("logits", "pred_boxes"), "detr"), (("pred_logits", "pred_boxes"), "detr"))


class OnnxNetwork:
    """An onnxruntime session; pixels go in and results come out through host memory."""

    precision = "model"

    def __init__(self, session: Any, path: Path) -> None:
        self.device = torch.device("cpu")
        self.on_processor = _CUDA not in session.get_providers()
        given = session.get_inputs()[0]
        if given.type not in _DTYPES or len(given.shape) not in {_BATCH_RANK, _IMAGE_RANK}:
            raise ModelError(
                f"{path}: expected an input of floats shaped (batch, 3, height, width), "
                f"got {given.type} shaped {given.shape}"
            )
        self._session = session
        self._input = given.name
        self._dtype = _DTYPES[given.type]
        self._single = len(given.shape) == _IMAGE_RANK  # it takes an image, not a batch
        sides = [1, *given.shape] if self._single else given.shape
        first, *rest = (side if isinstance(side, int) else None for side in sides)
        self.batch = BatchRange(first, first) if first else BatchRange()
        self.shape: InputShape = (rest[0], rest[1], rest[2])
        self._outputs = [one.name for one in session.get_outputs()]
        names = set(self._outputs)
        self.adapter = next((adapter for needed, adapter in _CERTAIN if names.issuperset(needed)), None)

    def forward(self, pixels: Tensor | list[Tensor]) -> NetworkOutput:
        """Run the session on a batch, or, where it takes an image, on the only one of it."""
        stacked = torch.stack(pixels) if isinstance(pixels, list) else pixels
        values = np.ascontiguousarray(stacked.numpy(), dtype=self._dtype)
        results = self._session.run(self._outputs, {self._input: values[0] if self._single else values})
        named = zip(self._outputs, results, strict=True)
        tensors = {name: torch.from_numpy(one) for name, one in named if isinstance(one, np.ndarray)}
        if not tensors:
            raise ModelError("the ONNX model returned no tensor")
        return NetworkOutput(NamedOutputs(tensors))


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
    # idle threads that wait by spinning take the cores from those that decode: a quarter of all time
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    cuda = [(_CUDA, {"device_id": device.index or 0})] if on_gpu else []
    try:
        session = ort.InferenceSession(str(path), settings, providers=[*cuda, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises types of its own C++ module, which share no base
        raise ModelError(f"{path} cannot be loaded as ONNX: {str(error).splitlines()[0]}") from error
    return OnnxNetwork(session, path)

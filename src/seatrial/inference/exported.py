"""``torch.export`` archives (.pt2)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from seatrial.errors import ModelError
from seatrial.inference.checkpoint import need_trust
from seatrial.inference.export_archive import unsafe_content
from seatrial.inference.network import BatchRange, InputShape
from seatrial.inference.torch_network import PenultimateLayer, TorchNetwork

__all__ = ["load_exported"]

_IMAGE_RANK = 4
_LINEAR = {torch.ops.aten.linear.default: 0, torch.ops.aten.addmm.default: 1, torch.ops.aten.mm.default: 0}


def load_exported(
    path: Path, device: torch.device, dtype: torch.dtype, *, trusted: bool, embeddings: bool
) -> TorchNetwork:
    """Load an exported program.

    ``torch.export.load`` itself can unpickle and evaluate text from the file, so the archive is inspected
    first and one with anything but plain tensors and tensor operators needs ``trusted``.

    Raises:
        ModelError: The file is damaged, not trusted, or does not take one batch of images.
    """
    if not trusted and (reason := unsafe_content(path)) is not None:
        raise need_trust(path, reason)
    try:
        with _quiet_logger():
            program = torch.export.load(path)
        if device.type != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, device)
        module = program.module()
    except Exception as error:  # the deserialiser raises whatever the damage leads to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path} cannot be loaded as an exported program: {reason}") from error
    batch, shape = _input(program, path)
    layer = _watched(module) if embeddings and isinstance(module, fx.GraphModule) else None
    return TorchNetwork(module, device, dtype, layer=layer, batch=batch, shape=shape)


def _input(program: Any, path: Path) -> tuple[BatchRange, InputShape]:
    names = program.graph_signature.user_inputs
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    values = [nodes[name].meta["val"] for name in names if name in nodes]
    if len(values) != 1 or not isinstance(values[0], Tensor) or values[0].ndim != _IMAGE_RANK:
        raise ModelError(
            f"{path}: expected one input shaped (batch, 3, height, width), got {len(names)} inputs"
        )
    first: Any  # a symbol where the batch may vary, though torch declares an int
    first, *rest = values[0].shape
    sides = [side if isinstance(side, int) else None for side in rest]
    shape: InputShape = (sides[0], sides[1], sides[2])
    if isinstance(first, int):
        return BatchRange(first, first), shape
    limits = program.range_constraints.get(first.node.expr)
    low, high = (
        (_bound(limits.lower, 1), _bound(limits.upper, BatchRange().high))
        if limits
        else (1, BatchRange().high)
    )
    return BatchRange(max(low, 1), high), shape


def _bound(value: Any, default: int) -> int:
    """Read a bound of torch's symbolic range, which may be an infinity of SymPy's or of torch's own."""
    return min(int(value), BatchRange().high) if getattr(value, "is_Integer", False) else default


def _watched(module: fx.GraphModule) -> PenultimateLayer | None:
    """Have the graph hand the input of its last linear operator to a :class:`PenultimateLayer`."""
    found = [node for node in module.graph.nodes if node.op == "call_function" and node.target in _LINEAR]
    if not found:
        return None
    last = found[-1]
    result = last.meta.get("val")
    if not isinstance(result, Tensor) or not isinstance(result.shape[-1], int):
        return None
    layer = PenultimateLayer()
    with module.graph.inserting_before(last):
        module.graph.call_function(layer.keep, (last.args[_LINEAR[last.target]], result.shape[-1]))
    module.recompile()
    return layer


@contextmanager
def _quiet_logger() -> Iterator[None]:
    """Keep torch from logging a traceback of what is raised, and reported, anyway."""
    logger = logging.getLogger("torch.export")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)

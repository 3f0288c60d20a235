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
from seatrial.inference.torch_network import DeepestFeatures, PenultimateLayer, TorchNetwork, Watch

__all__ = ["load_exported"]

_IMAGE_RANK = 4
_CONVOLUTIONS = (torch.ops.aten.conv2d.default, torch.ops.aten.convolution.default)
_LINEAR = {torch.ops.aten.linear.default: 0, torch.ops.aten.addmm.default: 1, torch.ops.aten.mm.default: 0}


def load_exported(
    path: Path, device: torch.device, dtype: torch.dtype, *, trusted: bool, layer: Watch | None
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
    if layer is not None and isinstance(module, fx.GraphModule):
        _watch(module, layer)
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


def _watch(module: fx.GraphModule, layer: Watch) -> None:
    """Have the graph hand over the input of its last linear operator, or its widest feature map."""
    calls = [node for node in module.graph.nodes if node.op == "call_function"]
    match layer:
        case PenultimateLayer():
            found = [(node, _width(node, -1)) for node in calls if node.target in _LINEAR][-1:]
        case DeepestFeatures():
            widths = [(node, _width(node, 1)) for node in calls if node.target in _CONVOLUTIONS]
            found = [max(reversed(widths), key=lambda pair: pair[1])] if widths else []
        case _:
            found = []
    for node, width in found:
        if width > 0:
            kept = node.args[_LINEAR[node.target]] if node.target in _LINEAR else node
            with module.graph.inserting_before(node if node.target in _LINEAR else node.next):
                module.graph.call_function(layer.keep, (kept, width))
    module.recompile()


def _width(node: fx.Node, axis: int) -> int:
    """Size of a node's result along an axis; 0 where it may vary."""
    result = node.meta.get("val")
    if not isinstance(result, Tensor) or result.ndim <= axis:
        return 0
    width = result.shape[axis]
    return width if isinstance(width, int) else 0


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

"""Look into a ``torch.export`` archive before torch loads it.

``torch.export.load`` does more than read tensors (verified with torch 2.14): it unpickles example inputs and
payloads marked as pickled, evaluates shape expressions and guards as text, resolves operators by walking
attributes from ``torch`` (``torch.os.system`` is one), pastes argument names into generated source, imports
modules that output structures name, and opens compiled libraries. An archive made from an image classifier
needs none of that, so everything in it is held against a list of what is harmless.
"""

import ast
import io
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import ModelError

__all__ = ["unsafe_content"]

_MODEL = re.compile(r"models/[\w.-]+\.json")
_CONFIG = re.compile(r"data/(weights|constants)/[\w.-]+_config\.json")
_TENSOR = re.compile(r"data/(weights/weight|constants/tensor)_\d+")
_SAMPLE = re.compile(r"data/sample_inputs/[\w.-]+\.pt")
_PLAIN = re.compile(r"(archive_format|archive_version|byteorder|\.data/[\w.]+|extra/.*)")

_WORD = re.compile(r"[\w.,:@+\-> /]*")
_OPERATOR = re.compile(
    r"torch\.ops\.(aten|prims|torchvision)\.\w+\.\w+|torch\.sym_\w+|math\.\w+"
    r"|_operator\.(abs|add|and_|eq|floordiv|ge|getitem|gt|le|lt|mod|mul|ne|neg|not_|or_|pow|sub|truediv)"
)
_FILE_OPERATORS = ("torch.ops.aten.from_file.",)
_STRUCTURES = {None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"}

_SYMBOL = re.compile(r"[a-z]+\d+")
_FUNCTION = re.compile(
    "Add|Ceil(Div|ToInt)|CleanDiv|Eq|Float|Floor(Div|ToInt)|G[et]|Integer|L[et]|Max|Min|Mod|ModularIndexing|Mul"
    "|Ne|Pow|PythonMod|Rational|Symbol|ToFloat|TruncToInt"
)
_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Constant, ast.Load, ast.operator, ast.unaryop,
    ast.cmpop, ast.keyword,
)  # fmt: skip


def unsafe_content(path: Path) -> str | None:
    """Say what in an archive could run code when it is loaded or run.

    Returns:
        The first such thing, as the second half of a sentence; None where there is nothing.

    Raises:
        ModelError: It is not an archive, or is damaged.
    """
    from torch.export.pt2_archive._package import PT2ArchiveReader

    try:
        with PT2ArchiveReader(str(path)) as archive:
            entries = archive.get_file_names()
            if not any(_MODEL.fullmatch(entry) for entry in entries):
                raise ModelError(
                    f"{path} cannot be loaded: it holds no exported program (torch 2.8 or newer)"
                )
            return next((reason for entry in entries if (reason := _entry(archive, entry))), None)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path} cannot be loaded as an exported program: {reason}") from error


def _entry(archive: Any, entry: str) -> str | None:
    if _TENSOR.fullmatch(entry) or _PLAIN.fullmatch(entry):
        return None
    if _SAMPLE.fullmatch(entry):
        return _sample(archive.read_bytes(entry))
    if _CONFIG.fullmatch(entry):
        return _payloads(json.loads(archive.read_bytes(entry)))
    if _MODEL.fullmatch(entry):
        return next(_strange(json.loads(archive.read_bytes(entry))), None)
    return f"holds {entry!r}, which is neither a tensor nor a graph"


def _sample(data: bytes) -> str | None:
    if not data:
        return None
    try:
        torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError):
        return "holds example inputs that are pickled objects"
    return None


def _payloads(config: Any) -> str | None:
    for name, payload in config["config"].items():
        if payload.get("use_pickle") or not re.fullmatch(r"(weight|tensor)_\d+", payload["path_name"]):
            return f"holds {name!r} as a pickled object"
    return None


def _strange(value: Any, key: str = "") -> Iterator[str]:
    """Find what does not belong into the graph of a network; ``key`` is what ``value`` stands under."""
    if key in {"guards_code", "treespec_namedtuple_fields", "as_custom_obj"} and value:
        yield f"holds {key}"
    elif isinstance(value, dict):
        if key == "metadata" and all(isinstance(item, str) for item in value.values()):
            return  # where a node comes from, for people: never evaluated
        for name, item in value.items():
            if not _WORD.fullmatch(name):
                yield f"holds the name {name!r}"
            yield from _strange(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _strange(item, key)
    elif isinstance(value, str) and not _harmless(value, key):
        yield f"holds {key} {value!r}"


def _harmless(text: str, key: str) -> bool:
    match key:
        case "target" | "as_operator":
            return bool(_OPERATOR.fullmatch(text)) and not text.startswith(_FILE_OPERATORS)
        case "expr_str":
            return _is_arithmetic(text)
        case "in_spec" | "out_spec":
            return not text or _is_plain_structure(json.loads(text))
    return _WORD.fullmatch(text) is not None


def _is_arithmetic(text: str) -> bool:
    """Accept symbols, numbers, and sums, products, comparisons and a few functions of them."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return all(_is_arithmetic_node(node, called=id(node) in called) for node in ast.walk(tree))


def _is_arithmetic_node(node: ast.AST, *, called: bool) -> bool:
    match node:
        case ast.Call():
            return isinstance(node.func, ast.Name)
        case ast.Name(id=name):
            return (_FUNCTION if called else _SYMBOL).fullmatch(name) is not None
        case ast.Constant(value=str(constant)):
            return _SYMBOL.fullmatch(constant) is not None
        case ast.Constant(value=constant):
            return isinstance(constant, int | float)
    return isinstance(node, _NODES)


def _is_plain_structure(spec: Any) -> bool:
    """Accept nested tuples, lists and dictionaries; other structures are imported by name."""
    if isinstance(spec, list):
        return all(_is_plain_structure(item) for item in spec if not isinstance(item, int))
    return (
        isinstance(spec, dict)
        and spec.get("type") in _STRUCTURES
        and "__enum__" not in str(spec.get("context"))
        and _is_plain_structure(spec.get("children_spec", []))
    )

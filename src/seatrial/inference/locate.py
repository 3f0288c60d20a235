"""From a model's URI to files on the local disk and what kind of files they are."""

import re
import zipfile
from pathlib import Path

from seatrial.digests import digest_file, digest_lines
from seatrial.errors import InputError, ModelError
from seatrial.extensions import load_extension, names
from seatrial.inference.source import MODEL_SOURCES, FetchedModel, FetchModel, ModelKind

__all__ = ["PYTHON", "locate"]

#: Prefix of a model that is a Python callable rather than a file.
PYTHON = "python:"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):")
_SUFFIXES: dict[str, ModelKind] = {".pt2": "export", ".onnx": "onnx", ".safetensors": "state_dict"}
_LOCATION = re.compile(rb"\n\x08location\x12")
_TORCH_SUFFIXES = (".pt", ".ts", ".pth", ".bin", ".ckpt", ".torchscript")


def locate(uri: str, target: Path, *, factory: str | None) -> FetchedModel:
    """Find a model's files.

    Args:
        uri: A local path, or a URI whose scheme is an installed model source (``runs:/…``, ``models:/…``).
        target: Existing, empty folder that a model source may download into.
        factory: Builds the module for a file that holds weights only; where given, a file of
            ``torch.save`` is taken to hold weights.

    Raises:
        ModelError: There is no such file, or it is of no known kind.
        InputError: The scheme is not installed.
        ServiceError: The service behind the scheme does not answer.
    """
    path = Path(uri.removeprefix("file://"))
    scheme = _SCHEME.match(uri)
    if scheme and not path.exists() and not uri.startswith("file://"):
        return _fetch(scheme[1], uri, target)
    if not path.exists():
        raise ModelError(f"model {uri}: no such file")
    if path.is_dir():
        raise ModelError(f"model {uri}: expected a file, got a folder: name the file in it, or an MLflow URI")
    return FetchedModel(path, _kind(path, factory), digest=_digest(path))


def _fetch(scheme: str, uri: str, target: Path) -> FetchedModel:
    known = names(MODEL_SOURCES)
    if scheme not in known:
        schemes = ", ".join(f"{name}:" for name in ("python", *known))
        raise InputError(f"model {uri}: no source for {scheme}: expected a local file or one of {schemes}")
    fetch: FetchModel = load_extension(MODEL_SOURCES, scheme)
    return fetch(uri, target)


def _kind(path: Path, factory: str | None) -> ModelKind:
    if kind := _SUFFIXES.get(path.suffix.lower()):
        return kind
    if path.suffix.lower() not in _TORCH_SUFFIXES:
        expected = ", ".join([*_SUFFIXES, *_TORCH_SUFFIXES])
        raise ModelError(f"model {path}: unknown kind of file {path.suffix!r}: expected one of {expected}")
    if _is_torchscript(path):
        return "torchscript"
    return "state_dict" if factory else "pickle"


def _is_torchscript(path: Path) -> bool:
    """TorchScript and ``torch.save`` share suffixes and container; only the former holds a program."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return any(entry.endswith("/constants.pkl") for entry in entries)


def _digest(path: Path) -> str:
    """Digest a model file together with the files in which ONNX keeps weights outside of it."""
    outside = _outside(path) if path.suffix.lower() == ".onnx" else []
    if not outside:
        return digest_file(path)
    lines = [f"{path.name} {digest_file(path)}"]
    return digest_lines([*lines, *(f"{name} {digest_file(path.parent / name)}" for name in outside)])


def _outside(path: Path) -> list[str]:
    """Find the names of the files that an ONNX file refers to, without a parser for it.

    A tensor kept outside has an entry (field 1, the key: ``location``; field 2: the name). Weights that
    happen to read like one name no file.
    """
    data = path.read_bytes()
    names = {name for found in _LOCATION.finditer(data) if (name := _text(data, found.end()))}
    return sorted(name for name in names if (path.parent / name).is_file())


def _text(data: bytes, start: int) -> str:
    """Read a length (7 bits a byte, the lowest first) and that many bytes of UTF-8; else empty."""
    length = shift = 0
    for position in range(start, min(start + 3, len(data))):
        length |= (data[position] & 0x7F) << shift
        shift += 7
        if data[position] < 0x80:  # noqa: PLR2004 - the last byte of the length
            text = data[position + 1 : position + 1 + length].decode("utf-8", "replace")
            return "" if "\0" in text or "\ufffd" in text else text
    return ""

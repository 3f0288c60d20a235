"""Attributes that users write: functions of an image, its label or its row that become slice axes."""

import inspect
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from seatrial.datasets.content import contents_of, read_all
from seatrial.datasets.manifest import RESERVED, DatasetManifest
from seatrial.datasets.mask_image import class_codes
from seatrial.digests import digest_file, digest_json
from seatrial.errors import InputError, examples
from seatrial.extensions import load_extension, load_functions, names
from seatrial.images import (
    PROPERTIES,
    ImageStore,
    UnreadableImageError,
    current_store,
    decode_rgb,
    read_bytes,
)

__all__ = [
    "Attribute",
    "attribute_columns",
    "computed",
    "digest_attributes",
    "load_attributes",
    "truths_of",
    "with_attributes",
]

GROUP = "seatrial.attributes"

#: What a function may ask for, by the names of its parameters.
WANTS = ("image", "label", "row", "prediction", "confidence")

#: What is only known once a model has run.
PREDICTED = frozenset({"prediction", "confidence"})

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Attribute:
    """A function that gives each sample a value.

    Attributes:
        name: Its name, that of the column.
        function: Takes what ``wants`` names and returns a number, a text, a boolean or None.
        wants: Names of its parameters, some of :data:`WANTS`.
        digest: Of the file that defines it; empty where that is not known, so that its values are not kept.
    """

    name: str
    function: Callable[..., Any]
    wants: tuple[str, ...]
    digest: str

    @property
    def needs_model(self) -> bool:
        """Whether it is about what a model did."""
        return not PREDICTED.isdisjoint(self.wants)


def load_attributes(file: Path | None = None) -> tuple[Attribute, ...]:
    """Give the attributes that are installed in the entry-point group ``seatrial.attributes`` or in a file.

    Args:
        file: Python file whose public functions are attributes; None for none.

    Raises:
        InputError: The file cannot be run, a function asks for something that there is not, or two attributes
            have one name, or that of a column of Seatrial's.
    """
    found = [
        _attribute(name, load_extension(GROUP, name), f"extension {name!r}", "") for name in names(GROUP)
    ]
    if file is not None:
        functions, digest = load_functions(file), digest_file(file)
        found += [_attribute(name, function, str(file), digest) for name, function in functions.items()]
    seen: set[str] = set()
    for one in found:
        if one.name in seen:
            raise InputError(f"two attributes are called {one.name!r}: one in {GROUP}, one in {file}")
        seen.add(one.name)
    return tuple(found)


def digest_attributes(attributes: Sequence[Attribute]) -> str:
    """Digest what the values of attributes depend on, as far as it is known."""
    return digest_json([[one.name, one.wants, one.digest] for one in attributes])


def _attribute(name: str, function: Any, where: str, digest: str) -> Attribute:
    if name in RESERVED or name in PROPERTIES:
        raise InputError(
            f"{where}: an attribute cannot be called {name!r}, a column of Seatrial's: rename it"
        )
    if not callable(function):
        raise InputError(f"{where}: expected a function, got {type(function).__name__}")
    wants = tuple(
        one.name
        for one in inspect.signature(function).parameters.values()
        if one.default is inspect.Parameter.empty
    )
    unknown = [one for one in wants if one not in WANTS]
    if unknown or not wants:
        got = f"{unknown[0]!r}" if unknown else "none"
        raise InputError(f"{where}, {name}(): expected parameters among {', '.join(WANTS)}, got {got}")
    return Attribute(name, function, wants, digest)


def with_attributes(
    manifest: DatasetManifest, attributes: Sequence[Attribute], store: ImageStore | None = None
) -> DatasetManifest:
    """Add attributes to a data set's metadata; those that need a model are left out.

    Values of functions of the image alone are kept in the store by the image's content and the file of the
    function. What fails for some samples is told on standard error and missing there.

    Args:
        manifest: The data set; its digest should be taken before: attributes are not its content.
        attributes: The attributes.
        store: Where values are kept; None for the store in use.

    Raises:
        InputError: An attribute is called like a column, fails on every sample, or gives values of different
            types.
    """
    chosen = [one for one in attributes if not one.needs_model]
    _check_names(manifest.table.column_names, chosen)
    values = _values(manifest, chosen, store or current_store())
    table = manifest.table
    for name, column in attribute_columns(chosen, values, manifest.table.column("id").to_pylist()).items():
        table = table.append_column(name, column)
    return replace(manifest, table=table)


def _check_names(columns: Sequence[str], attributes: Sequence[Attribute]) -> None:
    taken = [one.name for one in attributes if one.name in columns]
    if taken:
        raise InputError(f"attribute {taken[0]!r} is called like a column of the data set: rename it")


def _values(
    manifest: DatasetManifest, attributes: Sequence[Attribute], store: ImageStore
) -> list[dict[str, Any]]:
    """Give each sample's values by attribute; a failure is an exception."""
    found: list[dict[str, Any]] = [{} for _ in range(len(manifest))]
    contents = contents_of(manifest.table)
    kept = [one for one in attributes if one.wants == ("image",) and one.digest]
    for one in kept:
        for row, text in enumerate(store.texts(_place(one), contents).to_pylist()):
            if text is not None:
                found[row][one.name] = json.loads(text)
    todo = [row for row, known in enumerate(found) if len(known) < len(attributes)]
    read = _reader(manifest, attributes, found)
    for row, values in zip(todo, read_all(todo, read, "attributes"), strict=True):
        found[row] |= values
    for one in kept:
        rows = [row for row in todo if contents[row].is_valid and _is_value(found[row].get(one.name))]
        texts = [json.dumps(found[row][one.name]) for row in rows]
        store.add_texts(_place(one), contents.take(pa.array(rows, pa.int64())), texts)
    return found


def _place(attribute: Attribute) -> str:
    return f"attribute-{digest_json([attribute.name, attribute.digest])[7:23]}"


def _is_value(value: Any) -> bool:
    return value is not None and not isinstance(value, Exception)


def _reader(
    manifest: DatasetManifest, attributes: Sequence[Attribute], known: Sequence[Mapping[str, Any]]
) -> Callable[[int], dict[str, Any]]:
    """Make the function that computes what is not known of the row with a number."""
    rows = manifest.table.to_pylist()
    truth = truths_of(manifest)

    def read(number: int) -> dict[str, Any]:
        missing = [one for one in attributes if one.name not in known[number]]
        return computed(missing, rows[number], truth, {})

    return read


def computed(
    attributes: Sequence[Attribute],
    row: Mapping[str, Any],
    truth: Callable[[Mapping[str, Any]], Any],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Compute attributes of one sample.

    Args:
        attributes: The attributes.
        row: The sample's row, with ``uri``.
        truth: Gives a row's truth, see :func:`truths_of`.
        given: What else functions may ask for.

    Returns:
        By name the value, or the exception that the function raised; an attribute is left out where the
        image or the truth that it asks for cannot be read.
    """
    wanted = {name for one in attributes for name in one.wants}
    known: dict[str, Any] = {"row": row, **given}
    if "image" in wanted and row["uri"] is not None:
        with suppress(UnreadableImageError):  # missing, as every property of an image that is broken
            known["image"] = decode_rgb(read_bytes(row["uri"]))
    if "label" in wanted:
        with suppress(UnreadableImageError):
            known["label"] = truth(row)
    found: dict[str, Any] = {}
    for one in attributes:
        if known.keys() >= set(one.wants):
            try:
                found[one.name] = one.function(**{name: known[name] for name in one.wants})
            except Exception as error:  # noqa: BLE001 - the user's code may fail in any way; it is told
                found[one.name] = error
    return found


def truths_of(manifest: DatasetManifest) -> Callable[[Mapping[str, Any]], Any]:
    """Give the function that tells the truth of a row, None where nobody said it.

    That is the class's name; for detection a list of objects, dictionaries with ``class``, ``x``, ``y``,
    ``width``, ``height`` in pixels and the annotation's attributes; for segmentation the array of class
    codes, shape (height, width).
    """
    objects: dict[str, list[dict[str, Any]]] = {}
    if manifest.objects is not None:
        for one in manifest.objects.to_pylist():
            objects.setdefault(one["image"], []).append(one)
    classes = len(manifest.classes)

    def truth(row: Mapping[str, Any]) -> Any:
        match manifest.task:
            case "classification":
                return row["label"]
            case "detection":
                return objects.get(row["id"], []) if row["annotated"] else None
            case "segmentation":
                if row["mask"] is None:
                    return None
                data = read_bytes(row["mask"])
                return class_codes(data, classes, manifest.void, foreground=manifest.foreground)

    return truth


def attribute_columns(
    attributes: Sequence[Attribute], values: Sequence[Mapping[str, Any]], ids: Sequence[str]
) -> dict[str, pa.Array]:
    """Make a column of each attribute's values; failures are told and missing.

    Raises:
        InputError: An attribute fails on every sample, or its values are of different types.
    """
    columns = {}
    for one in attributes:
        mine = [row.get(one.name) for row in values]
        failed = [(id_, value) for id_, value in zip(ids, mine, strict=True) if isinstance(value, Exception)]
        _tell(one.name, failed, sum(one.name in row for row in values))
        columns[one.name] = _column(one.name, [None if isinstance(v, Exception) else v for v in mine], ids)
    return columns


def _tell(name: str, failed: Sequence[tuple[str, Exception]], tried: int) -> None:
    if not failed:
        return
    shown = "; ".join(f"{one}: {type(error).__name__}: {error}" for one, error in failed[:_SHOWN])
    message = f"attribute {name!r} fails on {len(failed)} of {tried} samples: {shown}"
    if len(failed) == tried:
        raise InputError(message)
    sys.stderr.write(f"attributes: {message}\n")


def _column(name: str, values: Sequence[Any], ids: Sequence[str]) -> pa.Array:
    plain = [value.item() if hasattr(value, "item") else value for value in values]  # NumPy's scalars
    plain = [None if isinstance(one, float) and not math.isfinite(one) else one for one in plain]
    kinds: dict[type, str] = {}
    for one, value in zip(ids, plain, strict=True):
        if value is not None:
            kinds.setdefault(type(value), one)
    for types, kind in (({bool}, pa.bool_()), ({int}, pa.int64()), ({int, float}, pa.float64())):
        if kinds.keys() <= types and kinds:
            return pa.array(plain, kind)
    if kinds.keys() <= {str}:
        return pa.array(plain, pa.string())
    got = examples([f"{kind.__name__} (of {one})" for kind, one in kinds.items()])
    raise InputError(f"attribute {name!r}: expected numbers, texts or booleans throughout, got {got}")

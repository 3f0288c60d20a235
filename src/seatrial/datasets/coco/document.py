"""COCO's instances file: images, categories, annotations, checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.datasets.listing import read_file
from seatrial.errors import InputError, examples

__all__ = ["Document", "category_names", "load_document", "load_json", "records"]


@dataclass(frozen=True, slots=True)
class Document:
    """What an instances file holds.

    Attributes:
        path: The file.
        images: The images as they are written.
        annotations: The annotations as they are written.
        categories: Class names by category id, in the order of the ids.
    """

    path: str
    images: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    categories: dict[object, str]


def load_document(path: str) -> Document:
    """Read an instances file.

    Args:
        path: Local path or fsspec URI.

    Raises:
        InputError: The file is absent, no JSON, has no images, annotations or categories, an image has no
            id or file name or shares it with another, or a category has no id or name or shares it.
    """
    body = load_json(path)
    if not isinstance(body, dict):
        raise InputError(
            f"{path}: expected images, annotations and categories, got a list: are these predictions?"
        )
    images, annotations = (records(path, body, name) for name in ("images", "annotations"))
    _check_images(path, images)
    return Document(path, images, annotations, category_names(path, records(path, body, "categories")))


def load_json(path: str) -> Any:
    """Read a JSON file.

    Raises:
        InputError: The file is absent or no JSON; the message names line and column.
    """
    try:
        return json.loads(read_file(path, "COCO's JSON"))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {error.lineno}, column {error.colno}: expected JSON: {error.msg}"
        ) from error
    except RecursionError as error:
        raise InputError(f"{path}: expected JSON, got one nested too deeply") from error


def records(path: str, body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Give a list of mappings from a JSON file.

    Raises:
        InputError: It is absent or something else.
    """
    found = body.get(name)
    if not isinstance(found, list):
        raise InputError(f"{path}: expected a list {name!r}, got {type(found).__name__}")
    for number, one in enumerate(found):
        if not isinstance(one, dict):
            raise InputError(f"{path}: expected {name}[{number}] with fields, got {one!r:.80}")
    return found


def category_names(path: str, categories: list[dict[str, Any]]) -> dict[object, str]:
    """Give class names by category id, in the order of the ids (numbers by value, then text).

    Raises:
        InputError: A category has no id or name, or shares it with another.
    """
    names: dict[object, str] = {}
    for number, one in enumerate(categories):
        key, name = one.get("id"), one.get("name")
        if not isinstance(key, int | str) or not isinstance(name, str) or not name:
            raise InputError(f"{path}: expected categories[{number}] with id and name, got {one!r:.120}")
        if key in names or name in names.values():
            raise InputError(
                f"{path}: expected ids and names of categories once each, got {key!r}, {name!r} again"
            )
        names[key] = name
    return dict(sorted(names.items(), key=lambda item: (isinstance(item[0], str), item[0])))


def _check_images(path: str, images: list[dict[str, Any]]) -> None:
    ids: set[str] = set()
    names: set[str] = set()
    for number, one in enumerate(images):
        key, name = one.get("id"), one.get("file_name")
        if not isinstance(key, int | str) or not isinstance(name, str) or not name:
            raise InputError(
                f"{path}: expected images[{number}] with id and file_name, got {key!r} and {name!r}"
            )
        if str(key) in ids or name in names:
            raise InputError(
                f"{path}, images[{number}]: expected ids and file names once each, "
                f"got {examples([key, name])} again"
            )
        ids.add(str(key))
        names.add(name)

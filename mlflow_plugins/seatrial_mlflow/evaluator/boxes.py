"""A DataFrame with boxes, one row per image, as the files of COCO that Seatrial imports detections from."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from seatrial.datasets.vocabulary import label_text
from seatrial.errors import InputError, examples
from seatrial.files import write_json
from seatrial_mlflow.evaluator.frame import Frame

__all__ = ["BoxFrame"]

_BOX_LENGTH = 4


class BoxFrame(Frame):
    """Images with the objects that are truly there.

    A cell of truths is a list of objects ``{"bbox": [x, y, width, height], "category": "car"}`` in pixels; an
    image without objects has an empty list. ``iscrowd``, ``area`` and any other field are kept. A cell of
    predictions is a list of the same with a ``score`` in [0, 1].
    """

    def write_truth(self, folder: Path, name: str) -> str:
        """Write the images and their objects, and give the specification that reads them as a data set."""
        self._classes = self._columns.classes or self._found_classes()
        codes = {one: code for code, one in enumerate(self._classes, start=1)}
        annotations = [
            {**one, "id": number, "image_id": row, "category_id": codes[category]}
            for number, (row, category, one) in enumerate(self._objects(self._truth, "targets"), start=1)
        ]
        body = {
            "images": [self._image(row) for row in range(len(self._ids))],
            "annotations": annotations,
            "categories": [{"id": code, "name": one} for one, code in codes.items()],
        }
        write_json(folder / "truth.json", body)
        group = "" if self._group is None else "&group=group"
        return f"coco:{folder / 'truth.json'}?images=&name={quote(name)}{group}"

    def write_predictions(self, file: Path, predicted: Any, confidence: Any = None) -> str:
        """Write detections, and give what :mod:`seatrial.steps.import_predictions` reads.

        Args:
            file: The file to write; it gets the suffix ``.json``.
            predicted: One list of objects for each image.
            confidence: Has to be None: each object has its own score.

        Raises:
            InputError: There are not as many lists as images, or an object has no box, class or score.
        """
        if confidence is not None:
            raise InputError("key 'confidence': expected none, as each detection has its own score")
        cells = list(predicted)
        if len(cells) != len(self._ids):
            raise InputError(f"predictions: expected {len(self._ids)}, one for each row, got {len(cells)}")
        codes = {one: code for code, one in enumerate(self._classes, start=1)}
        found = []
        for row, category, one in self._objects(cells, "predictions"):
            if "score" not in one:
                raise InputError(f"predictions, row {row}: expected a 'score' in {_short(one)}")
            found.append({**one, "image_id": row, "category_id": codes[category]})
        images = [{"id": row, "file_name": name} for row, name in enumerate(self._ids)]
        categories = [{"id": code, "name": one} for one, code in codes.items()]
        path = file.with_suffix(".json")
        write_json(path, {"images": images, "annotations": found, "categories": categories})
        return str(path)

    def _image(self, row: int) -> dict[str, Any]:
        group = {} if self._group is None else {"group": self._group[row]}
        metadata = {name: column[row].as_py() for name, column in self._metadata.items()}
        return {**metadata, **group, "id": row, "file_name": self._ids[row]}

    def _found_classes(self) -> tuple[str, ...]:
        found = {category for _, category, _ in self._objects(self._truth, "targets")}
        if not found:
            raise InputError("targets: expected at least one object, or the key 'classes'; got neither")
        return tuple(sorted(found))

    def _objects(self, cells: Iterable[Any], what: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
        for row, cell in enumerate(cells):
            if not isinstance(cell, (list, tuple, np.ndarray)):
                raise InputError(f"{what}, row {row}: expected a list of objects, got {type(cell).__name__}")
            for one in cell:
                yield row, self._category(one, f"{what}, row {row}"), _plain(one)

    def _category(self, one: Any, where: str) -> str:
        if not isinstance(one, Mapping) or len(one.get("bbox", ())) != _BOX_LENGTH:
            raise InputError(f"{where}: expected 'bbox' as [x, y, width, height] in {_short(one)}")
        category = label_text(one.get("category"))
        if category is None:
            raise InputError(f"{where}: expected a 'category' in {_short(one)}")
        known: tuple[str, ...] = getattr(self, "_classes", ()) or self._columns.classes or ()
        if known and category not in known:
            raise InputError(f"{where}: expected a category of {examples(known)}, got {category!r}")
        return category


def _plain(one: Mapping[str, Any]) -> dict[str, Any]:
    """Copy an object with numbers that JSON knows, without what the file says elsewhere."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(one), default=_number))
    return {name: value for name, value in plain.items() if name not in {"category", "image_id"}}


def _number(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def _short(one: Any) -> str:
    text = repr(one)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - what fits on a line

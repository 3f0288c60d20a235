"""Find what is like an image, an object, a group of failures or a text in an index of embeddings."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationTable
from seatrial.evaluation.vectors import read_embeddings
from seatrial.files import atomic_folder, check_folder, write_json
from seatrial.inference import ModelOptions
from seatrial.mining.edge_cases import embedding_rows, targets
from seatrial.mining.edge_cases.box import Box, as_box
from seatrial.mining.edge_cases.groups import read_groups
from seatrial.mining.failures import Failures
from seatrial.neighbours import Embeddings, Metric, NeighbourIndex, open_index
from seatrial.reporting.contact_sheet import Row, Tile, contact_picture, contact_sheet

__all__ = ["WRITTEN", "Queries", "parse_object", "run"]

#: Files that the step writes.
WRITTEN = ("matches.parquet", "matches.csv", "search.json", "contact_sheet.html", "contact_sheet.png")

SCHEMA_VERSION = 1

_OBJECT = re.compile(r"(.+)@([^@,]+),([^@,]+),([^@,]+),([^@,]+)")
_TOLD = ("label", "class", "prediction", "confidence", "score")
_SHOWN = 8

_DEFAULT_OPTIONS = ModelOptions()


@dataclass(frozen=True)
class Queries:
    """What is looked for: all of it at once, and each match says which it is nearest to.

    Attributes:
        images: Image files.
        objects: Objects in image files: path or URI, and box in pixels.
        ids: Samples that are embedded already.
        group: A group of failures.
        texts: Words.
        known: Embeddings or evaluation that holds ``ids`` and the samples of ``group``; None for the index.
        evaluation: The evaluation whose failures ``group`` is of.
        blind_spots: What ``find_blind_spots`` wrote for it; None: the group is a confusion cell.
    """

    images: Sequence[str] = ()
    objects: Sequence[tuple[str, Box]] = ()
    ids: Sequence[str] = ()
    group: str | None = None
    texts: Sequence[str] = ()
    known: Path | None = None
    evaluation: Path | None = None
    blind_spots: Path | None = None


@dataclass(frozen=True)
class _Query:
    """One thing that is looked for."""

    name: str
    vector: NDArray[np.float32]
    uri: str | None = None
    box: Box | None = None
    row: int | None = None


def parse_object(text: str) -> tuple[str, Box]:
    """Read ``FILE@x,y,width,height``.

    Raises:
        InputError: It is something else, or a number is none.
    """
    found = _OBJECT.fullmatch(text)
    try:
        sides = as_box(float(one) for one in found.groups()[1:]) if found else None
    except ValueError:
        sides = None
    if found is None or sides is None or not np.isfinite(sides).all() or min(sides[2:]) <= 0:
        raise InputError(f"object {text!r}: expected FILE@x,y,width,height in pixels, e.g. a.png@10,20,64,48")
    return found[1], sides


def run(
    index: Path,
    queries: Queries,
    out: Path,
    *,
    size: int = 50,
    metric: Metric = "cosine",
    margin: float = 0.1,
    model: str | None = None,
    weights: Path | None = None,
    options: ModelOptions = _DEFAULT_OPTIONS,
    device: str = "auto",
) -> pa.Table:
    """Search an index and write what is found as a table and as a contact sheet.

    Writes ``matches.parquet`` and ``matches.csv`` (rank, id, distance, which query it is nearest to, where
    it is), ``contact_sheet.html`` and ``.png``, and ``search.json``. What is asked about is not among them.

    Args:
        index: Folder of embeddings, or of an evaluation that holds some.
        queries: What is looked for.
        out: Folder to write.
        size: Matches, at most.
        metric: ``cosine`` or ``l2``.
        margin: What is shown around an object, as when the index was made.
        model: Where the model that made the index is now; None for where it was. Only images, objects and
            texts need it.
        weights: Likewise, its weights.
        options: How it is loaded, where the index does not say; the index of an evaluation says nothing.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Returns:
        The matches, the nearest first.

    Raises:
        InputError: Nothing is asked, a query cannot be used, or the vectors are of different models.
        ModelError: The model cannot be loaded.
    """
    check_folder(out, WRITTEN)
    if size < 1:
        raise InputError(f"size: expected at least 1, got {size}")
    vectors = read_embeddings(index)
    if not len(vectors):
        raise InputError(f"{index}: the index is empty")
    asked = _known(queries, vectors)
    asked += _new(queries, vectors, margin, model, weights, options, device)
    if not asked:
        raise InputError(
            "nothing to look for: give an image, an object, an id, a group of failures or a text"
        )
    # an evaluation's folder is not ours to keep an index in
    built = (
        open_index(index, vectors, metric)
        if (index / "embeddings.json").exists()
        else NeighbourIndex.build(vectors.vectors, metric=metric)
    )
    rows, distances, nearest = _nearest(built, asked, size)
    table = _table(vectors, rows, distances, [asked[place].name for place in nearest.tolist()])
    header = {
        "schema_version": SCHEMA_VERSION,
        "index": {name: vectors.header.get(name) for name in ("model", "model_digest", "dataset", "level")},
        "queries": [one.name for one in asked],
        "metric": metric,
        "exact": built.exact,
        "rows": len(vectors),
        "matches": len(table),
    }
    with atomic_folder(out, WRITTEN) as folder:
        pq.write_table(table, folder / "matches.parquet")
        _write_csv(table, folder / "matches.csv")
        write_json(folder / "search.json", header)
        shown = _shown(asked, table, vectors, rows)
        lead = [
            f"{len(table)} of {len(vectors)} {vectors.level}s of {vectors.header.get('dataset', 'the index')}"
        ]
        (folder / "contact_sheet.html").write_text(
            contact_sheet("What is like it", lead, shown), encoding="utf-8"
        )
        (folder / "contact_sheet.png").write_bytes(contact_picture(shown))
    return table


def _known(queries: Queries, index: Embeddings) -> list[_Query]:
    """Queries that are embedded already."""
    if not queries.ids and queries.group is None:
        return []
    place = queries.known or (queries.evaluation if queries.group is not None else None)
    known = index if place is None else read_embeddings(place)
    if known is not index:
        index.check_same_model(known, ("the index", str(place)))
    rows = _of_ids(known, queries.ids) + _of_group(known, queries)
    uris = known.column("uri")
    return [
        _Query(
            known.ids[row],
            known.vectors[row],
            uris[row],
            None if known.boxes is None else as_box(known.boxes[row]),
            row if known is index else None,
        )
        for row in dict.fromkeys(rows)
    ]


def _of_ids(known: Embeddings, ids: Sequence[str]) -> list[int]:
    there: dict[str, list[int]] = {}
    for row, one in enumerate(known.ids):
        there.setdefault(one, []).append(row)
    missing = [one for one in ids if one not in there]
    if missing:
        raise InputError(f"not among the {len(known)} embedded {known.level}s: {examples(missing)}")
    return [row for one in ids for row in there[one]]


def _of_group(known: Embeddings, queries: Queries) -> list[int]:
    if queries.group is None:
        return []
    if queries.evaluation is None:
        raise InputError(
            f"group {queries.group!r}: name the evaluation whose failures it is of (--evaluation)"
        )
    failures = Failures.from_evaluation(EvaluationTable.read(queries.evaluation))
    groups = None
    if queries.blind_spots is not None:
        groups = read_groups(queries.blind_spots, failures, confirmed=False)
    found = targets(failures, embedding_rows(failures, known), groups, only=[queries.group])
    if not found:
        raise InputError(f"group {queries.group!r}: none of its failures is embedded")
    return [int(row) for one in found for row in one.rows]


def _new(
    queries: Queries,
    index: Embeddings,
    margin: float,
    model: str | None,
    weights: Path | None,
    options: ModelOptions,
    device: str,
) -> list[_Query]:
    """Queries that the model of the index has to see first."""
    if not (queries.images or queries.objects or queries.texts):
        return []
    from seatrial.inference.chunk import ImageRow
    from seatrial.inference.crops import CropRow, with_margin
    from seatrial.inference.open_clip_model import OPEN_CLIP
    from seatrial.inference.query import embed_queries, embed_texts, embedder_of

    made_by = model or str(index.header["model"])
    if queries.texts and not made_by.startswith(OPEN_CLIP):
        raise InputError(
            f"a search by text needs an index made by an OpenCLIP model, this one was made by {made_by!r}: "
            f"seatrial embed --model {OPEN_CLIP}ViT-B-32 --weights FILE …"
        )
    embedder = embedder_of(index.header, options, model=model, weights=weights, device=device)
    found: list[_Query] = []
    if queries.images:
        vectors = embed_queries(embedder, [ImageRow(one, one) for one in queries.images])
        found += [_Query(one, vector, one) for one, vector in zip(queries.images, vectors, strict=True)]
    if queries.objects:
        crops = [CropRow(uri, uri, box=with_margin(box, margin)) for uri, box in queries.objects]
        for (uri, box), vector in zip(queries.objects, embed_queries(embedder, crops), strict=True):
            found.append(_Query(f"{uri}@{','.join(f'{side:g}' for side in box)}", vector, uri, box))
    if queries.texts:
        vectors = embed_texts(embedder, queries.texts)
        found += [_Query(f"“{one}”", vector) for one, vector in zip(queries.texts, vectors, strict=True)]
    for one in found:
        if one.vector.shape != (index.width,):
            raise InputError(
                f"query {one.name}: expected a vector of {index.width} values as in the index, got "
                f"{len(one.vector)}"
            )
    return found


def _nearest(
    index: NeighbourIndex, asked: Sequence[_Query], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Find the rows that are nearest to any query: rows, distances, and to which query."""
    own = np.array([one.row for one in asked if one.row is not None], dtype=np.int64)
    found, rows = index.search(np.stack([one.vector for one in asked]), size + len(own))[:2]
    flat, near = rows.reshape(-1), found.reshape(-1)
    which = np.repeat(np.arange(len(asked)), rows.shape[1])
    kept = (flat >= 0) & ~np.isin(flat, own)
    order = np.lexsort((which[kept], flat[kept], near[kept]))
    flat, near, which = flat[kept][order], near[kept][order], which[kept][order]
    _, first = np.unique(flat, return_index=True)
    chosen = np.sort(first)[:size]
    return flat[chosen], near[chosen], which[chosen]


def _table(
    vectors: Embeddings, rows: NDArray[np.int64], distances: NDArray[np.float32], names: Sequence[str]
) -> pa.Table:
    taken = vectors.take(rows)
    columns: dict[str, Any] = {
        "rank": pa.array(np.arange(1, len(rows) + 1)),
        "id": pa.array(taken.ids, pa.string()),
        "distance": pa.array(distances.astype(np.float64)),
        "nearest_to": pa.array(names, pa.string()),
        "uri": pa.array(taken.column("uri"), pa.string()),
    }
    if taken.boxes is not None:
        columns |= {name: taken.boxes[:, side] for side, name in enumerate(("x", "y", "width", "height"))}
    if taken.details is not None:
        columns |= {name: taken.details.column(name) for name in _TOLD if name in taken.details.column_names}
    return pa.table(columns)


def _write_csv(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.column_names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table.to_pylist())


def _shown(
    asked: Sequence[_Query], table: pa.Table, vectors: Embeddings, rows: NDArray[np.int64]
) -> list[Row]:
    pictures = tuple(
        Tile(one.uri, PurePosixPath(one.name).name, "", one.box) for one in asked if one.uri is not None
    )
    words = ", ".join(one.name for one in asked if one.uri is None)
    more = f" and {len(pictures) - _SHOWN} more" if len(pictures) > _SHOWN else ""
    several = len(asked) > 1
    tiles = [
        Tile(
            one["uri"],
            f"{one['distance']:.3f}  {one['id']}",
            _said(one, several=several),
            None if vectors.boxes is None else as_box(vectors.boxes[row]),
        )
        for one, row in zip(table.to_pylist(), rows.tolist(), strict=True)
    ]
    return [
        Row(f"Asked: {words}" if words else f"Asked{more}", "", pictures[:_SHOWN]),
        Row("Found", "distance and id, the nearest first", tuple(tiles)),
    ]


def _said(match: dict[str, Any], *, several: bool) -> str:
    parts = [
        f"{name} {match[name]}" for name in ("label", "class", "prediction") if match.get(name) is not None
    ]
    parts += [f"nearest to {match['nearest_to']}"] if several else []
    return ", ".join(parts)

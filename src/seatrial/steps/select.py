"""Choose a balanced, diverse subset without duplicates from a large pool."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest, read_dataset
from seatrial.errors import InputError
from seatrial.evaluation import evaluation_of
from seatrial.files import atomic_folder, check_folder, write_json
from seatrial.images import ImageStore, using_store
from seatrial.labelling.places import relative_to_folder
from seatrial.mining.selecting import (
    Pool,
    Selection,
    chosen_selector,
    cover_distances,
    evenness,
    pool_of,
    select_rows,
)
from seatrial.neighbours import Embeddings
from seatrial.neighbours.metric import directions

__all__ = ["run"]

_WRITTEN = ("selection.*", "coverage.json", "manifest")

_NONE = np.empty(0, dtype=np.int64)


def run(
    dataset: str,
    size: int,
    out: Path,
    *,
    evaluation: Path | None = None,
    embeddings: Path | None = None,
    beside: Path | None = None,
    balance: Sequence[str] = (),
    selector: str | None = None,
    near: float = 0.02,
    seed: int = 0,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Choose a subset of a pool and write it as data sets that can be read, with the reason of each row.

    Writes ``selection.parquet`` and ``selection.csv`` (``table:`` reads them), ``manifest`` (``manifest:``
    reads it, objects and masks included) and ``coverage.json``. The same input gives the same bytes.

    Args:
        dataset: Specification of the pool.
        size: How many images.
        out: Folder to write.
        evaluation: Evaluation folder of the pool: its embeddings tell what is alike, its columns (prediction,
            confidence …) can be balanced by, and images that it could not read are left out.
        embeddings: Folder of embeddings of the pool's images instead.
        beside: Folder of embeddings, by the same model, of images that are there already: what is like them
            is left out, and they count as chosen.
        balance: Attributes whose values get even shares: ``class``, metadata, image properties, columns of
            the evaluation. ``class`` is of a detection or segmentation the rarest one that an image shows.
        selector: How rows of a stratum are chosen: ``k_centre`` (the default with embeddings),
            ``facility_location``, ``random`` (the default without), or one that another distribution adds.
        near: Cosine distance of embeddings up to which two images show the same.
        seed: Of whatever is drawn.
        cache: Folder in which measurements of images are kept for later runs.

    Returns:
        What is in ``coverage.json``.

    Raises:
        InputError: Something given cannot be used; nothing is written.
    """
    check_folder(out, _WRITTEN)
    if evaluation is not None and embeddings is not None:
        raise InputError("an evaluation and embeddings were given: expected one of them")
    if not 0 <= near <= 2:  # noqa: PLR2004 - the largest cosine distance
        raise InputError(f"near: expected a cosine distance from 0 to 2, got {near}")
    store = ImageStore(cache)
    with using_store(store):
        manifest = read_dataset(dataset)
    if not 1 <= size <= len(manifest):
        raise InputError(f"size: expected 1 to {len(manifest)}, the images of {dataset}, got {size}")
    table = evaluation_of(manifest, evaluation)
    given = Embeddings.read(embeddings) if embeddings is not None else None
    pool = pool_of(manifest, table, given, store, tuple(balance))
    there = _beside(beside, pool, given)
    chosen = chosen_selector(selector or ("random" if pool.vectors is None else "k_centre"))
    if selector not in {None, "random"} and pool.vectors is None:
        raise InputError(f"selector {selector!r} needs embeddings: give --evaluation or --embeddings")
    vectors, before = pool.vectors, _NONE
    codes = np.where(pool.usable, pool.strata.codes, -1)
    if there is not None and vectors is not None:
        before = np.arange(len(vectors), len(vectors) + len(there))
        vectors = np.concatenate([vectors, there])
        codes = np.concatenate([codes, np.full(len(there), -1)])
    selection = select_rows(codes, size, chosen, vectors=vectors, near=near, chosen=before, seed=seed)
    if len(selection.rows) < size:
        sys.stderr.write(
            f"select: {len(selection.rows)} of {size}: all others are copies or cannot be used\n"
        )
    if len(selection.rows) == 0:
        raise InputError(f"nothing to select from {dataset}: every image is a copy or cannot be used")
    asked = {"size": size, "balance": list(balance), "near": near, "seed": seed}
    asked["selector"] = selector or ("random" if pool.vectors is None else "k_centre")
    report = _report(manifest, pool, selection, asked)
    with atomic_folder(out, _WRITTEN) as folder:
        _write_table(_rows(manifest, pool, selection, folder), folder)
        manifest.take(selection.rows).write(folder / "manifest")
        write_json(folder / "coverage.json", report)
    return report


def _beside(folder: Path | None, pool: Pool, given: Embeddings | None) -> NDArray[np.float32] | None:
    if folder is None:
        return None
    if pool.vectors is None:
        raise InputError("beside: the pool has no embeddings to compare with: give --embeddings")
    there = Embeddings.read(folder)
    if given is not None:
        given.check_same_model(there, ("the pool", "beside"))
    if there.width != pool.vectors.shape[1]:
        raise InputError(f"beside: expected vectors of {pool.vectors.shape[1]} values, got {there.width}")
    return directions(there.vectors, with_zero=False)


def _rows(manifest: DatasetManifest, pool: Pool, selection: Selection, folder: Path) -> pa.Table:
    chosen = manifest.table.take(pa.array(selection.rows))
    uris = chosen.column("uri").to_pylist()
    images = [None if uri is None else relative_to_folder(uri, folder) for uri in uris]
    columns: dict[str, Any] = {"id": chosen.column("id"), "image": pa.array(images, pa.string())}
    for name in ("label", "group"):
        if name in chosen.column_names and chosen.column(name).null_count < len(chosen):
            columns[name] = chosen.column(name)
    names = [pool.strata.names[stratum] for stratum in selection.strata.tolist()]
    reasons = [
        f"{name}: {why}" if name != "all" else why for name, why in zip(names, selection.reasons, strict=True)
    ]
    columns |= {
        "selected_rank": pa.array(np.arange(1, len(chosen) + 1)),
        "selected_stratum": pa.array(names, pa.string()),
        "selected_gain": pa.array(selection.gains, from_pandas=True),
        "selected_because": pa.array(reasons, pa.string()),
    }
    return pa.table(
        columns | {name: chosen.column(name) for name in manifest.metadata if name not in columns}
    )


def _write_table(table: pa.Table, folder: Path) -> None:
    pq.write_table(table, folder / "selection.parquet")
    with (folder / "selection.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _report(
    manifest: DatasetManifest, pool: Pool, selection: Selection, asked: dict[str, Any]
) -> dict[str, Any]:
    kinds = len(pool.strata.names)
    there = np.bincount(pool.strata.codes, minlength=kinds)
    usable = np.bincount(pool.strata.codes[pool.usable], minlength=kinds)
    taken = np.bincount(selection.strata, minlength=kinds)
    seats = np.zeros(kinds, dtype=np.int64)
    seats[: len(selection.quotas)] = selection.quotas  # the last strata may hold nothing that can be chosen
    strata = [
        {"name": name, "pool": int(n), "usable": int(of), "seats": int(seat), "chosen": int(k)}
        for name, n, of, seat, k in zip(pool.strata.names, there, usable, seats, taken, strict=True)
    ]
    report: dict[str, Any] = {
        "dataset": {"name": manifest.name, "digest": manifest.digest, "n": len(manifest)},
        "asked": asked,
        "chosen": len(selection.rows),
        "left_out": pool.left_out | {"near another one that is chosen": len(selection.near)},
        "strata": strata,
        "evenness": {"pool": evenness(there), "selection": evenness(taken)},
    }
    if pool.vectors is not None:
        rows = np.flatnonzero(pool.usable)
        drawn = np.random.default_rng(int(asked["seed"])).choice(rows, len(selection.rows), replace=False)
        known = pool.vectors[rows]
        place = np.searchsorted(rows, selection.rows)
        report["distance_to_nearest_chosen"] = {
            "selection": cover_distances(known, place),
            "random_draw": cover_distances(known, np.searchsorted(rows, drawn)),
        }
    return report

"""Embeddings that were made in parts become one folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.files import atomic_folder
from seatrial.neighbours.embeddings import EMBEDDINGS_WRITTEN, read_header, write_header
from seatrial.progress import progress

__all__ = ["merge_embeddings"]

#: What the header of a part says of that part alone.
_OF_A_PART = ("shard", "failures", "key")


def merge_embeddings(parts: Sequence[Path], out: Path) -> int:
    """Put the folders that ``embed --shard`` wrote together, in the order of their index, as a stream.

    Args:
        parts: All of them, in any order.
        out: Folder of embeddings to write, see :class:`~seatrial.neighbours.Embeddings`.

    Returns:
        Number of rows.

    Raises:
        InputError: A part is missing, given twice, damaged, or of another model or data set; nothing is
            written.
    """
    headers = {part: _header(part) for part in parts}
    ordered = sorted(parts, key=lambda part: headers[part]["shard"])
    first = headers[ordered[0]]
    for part in ordered[1:]:
        if _common(headers[part]) != _common(first):
            raise InputError(
                f"{part} holds other embeddings than {ordered[0]}: expected the same model, options and data "
                "set"
            )
    found = [tuple(headers[part]["shard"]) for part in ordered]
    count = found[0][1]
    if found != [(index, count) for index in range(count)]:
        said = ", ".join(f"{index}/{of}" for index, of in found)
        raise InputError(f"expected shards 0 to {count - 1} of {count}, once each, got {said}")
    files = [_opened(part / "embeddings.parquet") for part in ordered]
    try:
        schema = pa.unify_schemas([file.schema_arrow for file in files], promote_options="default")
    except pa.ArrowTypeError as error:
        raise InputError(f"the parts of {out} hold different columns: {error}") from error
    rows: int = sum(file.metadata.num_rows for file in files)
    merged = _common(first) | {
        "shard": [0, 1],
        "failures": [failure for part in ordered for failure in headers[part]["failures"]],
        "key": digest_json([headers[part]["key"] for part in ordered]),
    }
    with atomic_folder(out, EMBEDDINGS_WRITTEN) as temporary, progress("merge", rows, "rows") as advance:
        with pq.ParquetWriter(temporary / "embeddings.parquet", schema) as writer:
            for file in files:
                for group in range(file.num_row_groups):
                    table = pa.concat_tables(
                        [schema.empty_table(), file.read_row_group(group)], promote_options="default"
                    )
                    writer.write_table(table)
                    advance(table.num_rows)
        width = schema.field("vector").type.list_size
        write_header(temporary, merged, merged["level"], rows, width)
    return rows


def _header(part: Path) -> dict[str, Any]:
    header = read_header(part)
    if missing := [name for name in (*_OF_A_PART, "level") if name not in header]:
        raise InputError(
            f"{part / 'embeddings.json'}: expected what embed --shard writes, there is no {missing[0]!r}"
        )
    return header


def _common(header: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name not in _OF_A_PART}


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"cannot read {path}: {error}") from error

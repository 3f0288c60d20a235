"""The groups that ``find_blind_spots`` wrote, read back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial.mining.failures import Failures

__all__ = ["read_groups", "title_of"]


def read_groups(folder: Path, failures: Failures, *, confirmed: bool = True) -> dict[str, list[int]]:
    """Read groups of units, that with the largest share of failures first.

    Groups overlap, and a failure is to be mined for with the group that says most of it.

    Args:
        folder: What ``find_blind_spots`` wrote.
        failures: The units of the evaluation that it was written for.
        confirmed: Only groups that held on the other half of the data.

    Returns:
        Places among the units, by the group's title.

    Raises:
        InputError: The folder is none, or is of another evaluation.
    """
    report = read_json(folder / "blind_spots.json", "find-blind-spots writes it")
    path = folder / "groups.parquet"
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    units: dict[str, list[int]] = {}
    for unit, name in zip(_units(table, failures, path), table.column("group").to_pylist(), strict=True):
        units.setdefault(name, []).append(unit)
    wanted = [one for one in report["groups"] if one["confirmed"] or not confirmed]
    wanted.sort(key=lambda one: (not one["confirmed"], -one["errors"] / max(one["support"], 1)))
    return {title_of(one): units.get(one["name"], []) for one in wanted}


def title_of(group: Mapping[str, Any]) -> str:
    """Name a group as people know it, by its slice and by what it is."""
    title = group.get("title") or group["name"]
    return str(title if title == group["name"] else f"{group['name']}: {title}")


def _units(table: pa.Table, failures: Failures, path: Path) -> list[int]:
    """Find the place of each row among the units: by its image, or by its object."""
    if missing := [name for name in ("id", "row", "object", "group") if name not in table.column_names]:
        raise InputError(f"{path}: expected columns id, row, object and group, there is no {missing[0]!r}")
    known = failures.row if failures.object is None else failures.object
    places = {row: unit for unit, row in enumerate(known.tolist())}
    found = []
    rows = table.column("row" if failures.object is None else "object").to_pylist()
    for row, id_ in zip(rows, table.column("id").to_pylist(), strict=True):
        unit = places.get(row, -1)
        if unit < 0 or failures.id[unit] != id_:
            raise InputError(
                f"{path}: expected the units of this evaluation, got {id_!r} in row {row}: give the one "
                "that the blind spots were found in"
            )
        found.append(unit)
    return found

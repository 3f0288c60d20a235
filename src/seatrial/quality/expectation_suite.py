"""Suites of Great Expectations as files: kept beside the code, read, edited, checked before they are used."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seatrial.errors import InputError
from seatrial.files import read_json, write_text
from seatrial.quality.suite_proposal import SAMPLES

__all__ = ["check_columns", "read_suite", "suite_of_table", "write_suite"]


def write_suite(suite: Mapping[str, Any], path: Path) -> None:
    """Write a suite, an expectation's type before its arguments; the same suite gives the same bytes."""
    write_text(path, json.dumps(suite, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_suite(path: Path) -> dict[str, Any]:
    """Read a suite, a JSON file as Great Expectations 1.x writes it.

    Raises:
        InputError: The file is absent, is not JSON, or is not a suite; the message names the expectation.
    """
    body = read_json(path, "propose-expectations writes one")
    if not isinstance(body, dict) or not isinstance(body.get("expectations"), list):
        raise InputError(f"{path}: expected a suite, a JSON object with a list 'expectations'")
    if not body["expectations"]:
        raise InputError(f"{path}: the suite has no expectation")
    expectations = [_parsed(path, place, one) for place, one in enumerate(body["expectations"], start=1)]
    return {"name": str(body.get("name") or path.stem), "expectations": expectations}


def suite_of_table(suite: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Give the part of a suite that is about one table: ``"samples"`` or ``"objects"``."""
    expectations = [one for one in suite["expectations"] if _table(one) == table]
    return {"name": suite["name"], "expectations": expectations}


def check_columns(suite: Mapping[str, Any], columns: Mapping[str, Iterable[str]], source: Path) -> None:
    """Refuse a suite that speaks of columns that the data set does not have.

    Args:
        suite: The suite.
        columns: The names of the columns of each table that the data set has.
        source: The suite's file, for messages.

    Raises:
        InputError: Names expectation, column and the columns that there are.
    """
    for place, one in enumerate(suite["expectations"], start=1):
        where = f"{source}, expectation {place} ({one['type']})"
        if _table(one) not in columns:
            tables = " or ".join(map(repr, columns))
            raise InputError(
                f"{where}: expected a table of the data set in meta, {tables}, got {_table(one)!r}"
            )
        if one["type"] == "expect_column_to_exist":
            continue
        known = set(columns[_table(one)])
        named = [one["kwargs"].get(key) for key in ("column", "column_A", "column_B")]
        for column in [*named, *(one["kwargs"].get("column_list") or ())]:
            if column is not None and column not in known:
                raise InputError(
                    f"{where}: expected a column of the data set ({', '.join(sorted(known))}), got {column!r}"
                )


def _table(one: Mapping[str, Any]) -> str:
    return str(one["meta"].get("table", SAMPLES))


def _parsed(path: Path, place: int, one: Any) -> dict[str, Any]:
    if not isinstance(one, dict) or not isinstance(one.get("kwargs", {}), dict):
        raise InputError(
            f"{path}, expectation {place}: expected an object with 'type' and 'kwargs', got {one!r}"
        )
    kind = one.get("type") or one.get("expectation_type")  # the latter is how suites before 1.0 said it
    if not isinstance(kind, str):
        raise InputError(
            f"{path}, expectation {place}: expected a 'type', e.g. expect_column_values_to_be_unique"
        )
    meta = one.get("meta") or {}
    if not isinstance(meta, dict):
        raise InputError(f"{path}, expectation {place} ({kind}): expected an object as 'meta', got {meta!r}")
    return {
        "type": kind,
        "kwargs": dict(one.get("kwargs", {})),
        "meta": meta,
        "severity": one.get("severity") or "critical",
    }

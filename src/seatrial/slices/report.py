"""Measurements of every metric on every slice, for the candidate, the champion and their difference."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError
from seatrial.fields import items, mapping, name_of, number, one_of, text, whole
from seatrial.files import atomic_folder, read_json
from seatrial.slices.confusion import ConfusionCell, ConfusionCells, Role
from seatrial.statistics import Difference, Estimate, Measurement, NotComputable

__all__ = ["ALL", "BACKGROUND", "ConfusionCell", "Role", "SliceReport", "SliceRow"]

SCHEMA_VERSION = 1

#: Files that a report consists of.
WRITTEN = ("slice_report.json", "slice_report.parquet", "confusion.parquet")

#: The name of the slice of everything.
ALL = "all"

#: What a detection stands on that finds no object, and an object is taken for that no detection finds.
BACKGROUND = "(background)"


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One metric on one slice.

    Attributes:
        slice: Name of the slice, e.g. ``"all"``, ``"night"``, ``"site=B7"``, ``"site=∅"``.
        family: The policy's name for the slices that belong together (``"site"``); ``"all"`` for the whole.
        attributes: Attribute values that define a slice of an axis or cross, as text; empty otherwise.
        level: ``"image"`` or ``"object"``.
        metric: Metric name, e.g. ``"recall"``.
        class_: Class that the metric is of; None for overall and macro-averaged metrics.
        n: Samples in the slice that carry a truth: images, or true objects on a slice of objects.
        candidate: The candidate's measurement.
        baseline: The champion's measurement; None where there is no champion.
        difference: Paired difference; None without a champion or where either is not computable.
    """

    slice: str
    family: str
    attributes: dict[str, str]
    level: Literal["image", "object"]
    metric: str
    class_: str | None
    n: int
    candidate: Measurement
    baseline: Measurement | None = None
    difference: Difference | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the row in the form that ``slice_report.json`` documents."""
        row: dict[str, Any] = {
            "slice": self.slice,
            "family": self.family,
            "attributes": self.attributes,
            "level": self.level,
            "metric": self.metric,
            "class": self.class_,
            "n": self.n,
            **_measurement_json(self.candidate),
        }
        if self.baseline is not None:
            row["baseline"] = _measurement_json(self.baseline)
        if self.difference is not None:
            fields = asdict(self.difference)
            row["difference"] = {"p" if key == "p_worse" else key: value for key, value in fields.items()}
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "SliceRow":
        """Read what :meth:`to_json` wrote.

        Raises:
            InputError: A field is absent or not what it has to be.
        """
        attributes = mapping(row.get("attributes"), "attributes")
        return cls(
            text(row, "slice"),
            text(row, "family"),
            {name: text(attributes, name) for name in attributes},
            one_of(row, "level", ("image", "object")),
            text(row, "metric"),
            name_of(row, "class"),
            whole(row, "n"),
            _measurement(row),
            _measurement(mapping(row["baseline"], "baseline")) if "baseline" in row else None,
            _difference(mapping(row["difference"], "difference")) if "difference" in row else None,
        )


@dataclass(frozen=True, slots=True)
class SliceReport:
    """All measurements of one comparison.

    Attributes:
        header: ``task``, ``classes``, ``candidate`` and ``baseline`` (model URI and digest),
            ``dataset`` (name, digest, n), ``failures`` (count), ``confidence``, ``replicates``, ``seed``,
            ``same_samples`` (whether candidate and champion were measured on the same samples; true
            without a champion) and ``sample_problems`` (why not); all keys are in the slices reference.
        rows: One row per (slice, metric, class).
        confusion: Confusion cells of every slice.
        reliability: Calibration bins of the slice ``all``: ``model``, ``low``, ``high``, ``n``,
            ``confidence`` (mean), ``accuracy``.
        slices: The fitted slice specifications, as written in a policy; bin edges included.
        details: What only detection and segmentation have, see the slices reference; None where there is
            none.
    """

    header: dict[str, Any]
    rows: tuple[SliceRow, ...]
    confusion: Sequence[ConfusionCell] = ()
    reliability: tuple[dict[str, Any], ...] = ()
    slices: dict[str, Any] | None = None
    details: dict[str, Any] | None = None

    def find(self, slice_: str, metric: str, class_: str | None = None) -> SliceRow | None:
        """Find one row; None where that slice or metric was not measured."""
        wanted = (slice_, metric, class_)
        return next((row for row in self.rows if (row.slice, row.metric, row.class_) == wanted), None)

    def write(self, folder: Path) -> None:
        """Write ``slice_report.json``, ``slice_report.parquet`` and ``confusion.parquet``, atomically."""
        rows = [row.to_json() for row in self.rows]
        body = {
            "schema_version": SCHEMA_VERSION,
            **self.header,
            "slices": self.slices or {},
            "reliability": list(self.reliability),
            "rows": rows,
        }
        if self.details is not None:
            body["details"] = self.details
        text = json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        with atomic_folder(folder, WRITTEN) as temporary:
            (temporary / "slice_report.json").write_text(text + "\n", encoding="utf-8")
            pq.write_table(_flat_table(rows), temporary / "slice_report.parquet")
            ConfusionCells.of(self.confusion).write(temporary / "confusion.parquet")

    @classmethod
    def read(cls, folder: Path) -> "SliceReport":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: The folder is absent, incomplete or of another schema version, or a field is not what
                it has to be.
        """
        path = folder / "slice_report.json"
        body = read_json(path, "measure-slices writes it")
        try:
            report = _report(dict(mapping(body)))
        except InputError as error:
            raise InputError(f"{path}: not a complete slice report: {error}") from error
        return replace(report, confusion=ConfusionCells.read(folder / "confusion.parquet"))


_NO_HEADER = frozenset({"rows", "reliability", "slices", "details"})


def _report(body: dict[str, Any]) -> SliceReport:
    version = body.pop("schema_version", None)
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise InputError(f"expected schema_version {SCHEMA_VERSION}, got {version!r}")
    rows, reliability = items(body, "rows"), items(body, "reliability")
    slices = dict(mapping(body.get("slices"), "slices"))
    details = None if body.get("details") is None else dict(mapping(body["details"], "details"))
    header = {key: value for key, value in body.items() if key not in _NO_HEADER}
    for part in ("candidate", "dataset", *(["baseline"] if header.get("baseline") is not None else [])):
        about = mapping(header.get(part), part)
        text(about, "digest")
    bins = tuple(dict(mapping(one, "reliability")) for one in reliability)
    return SliceReport(header, tuple(_row(*one) for one in enumerate(rows)), (), bins, slices, details)


def _row(place: int, row: Any) -> SliceRow:
    try:
        return SliceRow.from_json(dict(mapping(row, "row")))
    except InputError as error:
        raise InputError(f"rows[{place}]: {error}") from error


def _measurement_json(measured: Measurement) -> dict[str, Any]:
    match measured:
        case NotComputable(reason=reason, n=n):
            return {"not_computable": reason, "n_metric": n}
        case Estimate(value=value, low=low, high=high, n=n):
            return {"value": value, "low": low, "high": high, "n_metric": n}


def _measurement(row: Mapping[str, Any]) -> Measurement:
    n = whole(row, "n_metric")
    if "not_computable" in row:
        return NotComputable(text(row, "not_computable"), n)
    low, high = (None if row.get(key, 0) is None else number(row, key) for key in ("low", "high"))
    return Estimate(number(row, "value"), low, high, n)


def _difference(row: Mapping[str, Any]) -> Difference:
    value, low, high, p = (number(row, key) for key in ("value", "low", "high", "p"))
    return Difference(value, low, high, p, whole(row, "n"))


def _flat_table(rows: list[dict[str, Any]]) -> pa.Table:
    flat = []
    for row in rows:
        one = {key: row.get(key) for key in ("slice", "family", "level", "metric", "class", "n", *_NUMBERS)}
        one["attributes"] = json.dumps(row["attributes"], sort_keys=True, ensure_ascii=False)
        for part in ("baseline", "difference"):
            numbers = row.get(part, {})
            one |= {f"{part}_{key}": numbers.get(key) for key in ("value", "low", "high")}
        one["difference_p"] = row.get("difference", {}).get("p")
        flat.append(one)
    return pa.Table.from_pylist(flat, schema=_FLAT)


_NUMBERS = ("value", "low", "high", "not_computable")

_FLAT = pa.schema(
    [(name, pa.string()) for name in ("slice", "family", "attributes", "level", "metric", "class")]
    + [("n", pa.int64())]
    + [(name, pa.float64()) for name in ("value", "low", "high")]
    + [("not_computable", pa.string())]
    + [
        (f"{part}_{key}", pa.float64())
        for part in ("baseline", "difference")
        for key in ("value", "low", "high")
    ]
    + [("difference_p", pa.float64())]
)

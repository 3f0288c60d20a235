"""Slices: named, re-applicable choices of samples, and what a model does on each of them."""

from seatrial.slices.membership import Slice, fit, members
from seatrial.slices.options import MeasureOptions
from seatrial.slices.predicate import Predicate, parse
from seatrial.slices.provenance import Confirmed, Discovery, Found
from seatrial.slices.report import ALL, ConfusionCell, SliceReport, SliceRow
from seatrial.slices.spec import Bins, FrozenIds, SliceSpec

__all__ = [
    "ALL",
    "Bins",
    "Confirmed",
    "ConfusionCell",
    "Discovery",
    "Found",
    "FrozenIds",
    "MeasureOptions",
    "Predicate",
    "Slice",
    "SliceReport",
    "SliceRow",
    "SliceSpec",
    "fit",
    "members",
    "parse",
]

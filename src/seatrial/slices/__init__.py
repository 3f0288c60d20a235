"""Slices: named, re-applicable choices of samples, and what a model does on each of them."""

from seatrial.slices.cluster import Cluster
from seatrial.slices.membership import Slice, fit, members
from seatrial.slices.options import MeasureOptions
from seatrial.slices.predicate import Predicate, parse
from seatrial.slices.provenance import Confirmed, Discovery, Found
from seatrial.slices.report import ALL, ConfusionCell, SliceReport, SliceRow
from seatrial.slices.spec import Bins, FrozenIds, SliceSpec
from seatrial.slices.vectors import Vectors

__all__ = [
    "ALL",
    "Bins",
    "Cluster",
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
    "Vectors",
    "fit",
    "members",
    "parse",
]

"""Reports for people: one self-contained HTML page, SVG figures."""

from seatrial.reporting.blind_spots import FoundGroups
from seatrial.reporting.comparison import JudgedRun, render_comparison
from seatrial.reporting.figures import draw_figures
from seatrial.reporting.forest import ForestRow, Interval, forest_plot
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.labelling_batch import FoundBatch
from seatrial.reporting.page import asset, bundle, render_html
from seatrial.reporting.reliability import reliability_diagram
from seatrial.reporting.saliency import FoundSaliency

__all__ = [
    "ForestRow",
    "FoundBatch",
    "FoundGroups",
    "FoundSaliency",
    "Interval",
    "JudgedRun",
    "ReportInputs",
    "asset",
    "bundle",
    "draw_figures",
    "forest_plot",
    "reliability_diagram",
    "render_comparison",
    "render_html",
]

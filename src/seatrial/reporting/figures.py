"""Figures as PNG files, for pages that show pictures but no report: MLflow's run page, a chat, a slide."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.errors import MissingExtraError
from seatrial.reporting.display import metric_display, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.precision_recall import Curve, curves_of
from seatrial.slices import ALL
from seatrial.statistics import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_figures"]

_SLICES, _CLASSES, _CURVES = 24, 20, 8
_CANDIDATE, _CHAMPION = "#1f5fae", "#5b6672"
_INCHES_A_ROW = 0.3
_DOTS = 130


def draw_figures(inputs: ReportInputs) -> dict[str, bytes]:
    """Draw what a comparison comes to; the same inputs give the same bytes.

    Returns:
        PNG by file name: ``slices.png`` (the headline metric on the slices that changed or fail most),
        ``confusion.png``, ``reliability.png`` and ``precision_recall.png``, where there is something to draw.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "figures") from error
    drawn = {}
    for name, size, draw in (
        ("slices.png", (9, 1.4 + _INCHES_A_ROW * len(_rows(inputs))), _slices),
        ("confusion.png", (7, 6), _confusion),
        ("reliability.png", (6, 5), _reliability),
        ("precision_recall.png", (6.5, 5), _curves),
    ):
        figure = Figure(figsize=size, layout="constrained")
        if draw(figure.subplots(), inputs):
            stream = io.BytesIO()
            figure.savefig(stream, format="png", dpi=_DOTS, metadata={"Software": None})
            drawn[name] = stream.getvalue()
    return drawn


def _rows(inputs: ReportInputs) -> list[Any]:
    """Choose the slice of everything, then those that lost most, or are worst, of the headline metric."""
    metric = inputs.headline_metric
    up = metric_display(metric).higher_is_better
    known = [
        row
        for row in inputs.slices.rows
        if row.metric == metric and row.class_ is None and isinstance(row.candidate, Estimate)
    ]

    def badness(row: Any) -> tuple[bool, float]:
        value = row.candidate.value if row.difference is None else row.difference.value
        return row.slice != ALL, value if up else -value

    return sorted(known, key=badness)[:_SLICES]


def _slices(axes: "Axes", inputs: ReportInputs) -> bool:
    rows = _rows(inputs)
    for place, row in enumerate(rows):
        for measured, colour, shift, face in (
            (row.baseline, _CHAMPION, -0.16, "white"),
            (row.candidate, _CANDIDATE, 0.0, _CANDIDATE),
        ):
            if isinstance(measured, Estimate):
                low, high = (measured.value if one is None else one for one in (measured.low, measured.high))
                axes.plot([low, high], [place + shift] * 2, color=colour, linewidth=2, solid_capstyle="round")
                axes.plot(
                    measured.value, place + shift, "o", color=colour, markerfacecolor=face, markersize=5
                )
    axes.set_yticks(range(len(rows)), [f"{plain(row.slice, 40)}  (n = {row.n})" for row in rows])
    axes.invert_yaxis()
    champion = ", champion above it in grey" if inputs.has_champion else ""
    axes.set_title(f"{metric_display(inputs.headline_metric).label} with intervals{champion}", fontsize=11)
    _plain_frame(axes)
    return bool(rows)


def _confusion(axes: "Axes", inputs: ReportInputs) -> bool:
    cells = [one for one in inputs.slices.confusion if one.slice == ALL and one.model == "candidate"]
    names = sorted({name for one in cells for name in (one.label, one.prediction)})
    if not 1 < len(names) <= _CLASSES:
        return False
    code = {name: place for place, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for one in cells:
        counts[code[one.label], code[one.prediction]] = one.count
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    for (truth, said), n in np.ndenumerate(counts):
        if n:
            axes.text(
                said,
                truth,
                f"{n:.0f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if shares[truth, said] > 0.4 else "black",  # noqa: PLR2004 - where black stops being legible
            )
    labels = [plain(name, 24) for name in names]
    axes.set_xticks(range(len(names)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), labels)
    axes.set_xlabel("says")
    axes.set_ylabel("truth")
    axes.set_title("What the candidate takes for what", fontsize=11)
    return True


def _reliability(axes: "Axes", inputs: ReportInputs) -> bool:
    drawn = False
    for model, colour in (("baseline", _CHAMPION), ("candidate", _CANDIDATE)):
        bins = [one for one in inputs.slices.reliability if one["model"] == model and one["n"]]
        if bins:
            axes.plot(
                [one["confidence"] for one in bins],
                [one["accuracy"] for one in bins],
                "o-",
                color=colour,
                label={"baseline": "champion"}.get(model, model),
            )
            drawn = True
    axes.plot([0, 1], [0, 1], "--", color="#aab2bb", linewidth=1)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    axes.set_title("Can its confidence be believed?", fontsize=11)
    if drawn:
        axes.legend(frameon=False)
    _plain_frame(axes)
    return drawn


def _curves(axes: "Axes", inputs: ReportInputs) -> bool:
    curves = curves_of(inputs.candidate, inputs.slices.header.get("detection", {}))
    for name, curve in sorted(curves.items(), key=lambda one: one[1].area)[:_CURVES]:
        axes.step(*_stepped(curve), where="pre", label=f"{plain(name, 24)}: AP {curve.area:.3f}")
    if curves:
        axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    axes.set_title("Precision over recall, the worst classes", fontsize=11)
    _plain_frame(axes)
    return bool(curves)


def _stepped(curve: Curve) -> tuple[Any, Any]:
    return np.append(0.0, curve.recall), np.append(curve.precision[:1], curve.precision)


def _plain_frame(axes: "Axes") -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="both", color="#e6e9ed", linewidth=0.7)
    axes.set_axisbelow(True)

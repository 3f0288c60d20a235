"""The slices that a model is worst on, as a table on the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seatrial.gates.plain import plain
from seatrial.metrics import metric
from seatrial.slices import ALL, SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, Measurement

__all__ = ["print_worst"]


def print_worst(report: SliceReport, name: str, most: int, console: Console | None = None) -> None:
    """Print the slices that are worst in one metric, the whole first.

    The order is by the favourable bound of the interval, of the difference from the champion where there is
    one: so a slice comes first when it is certainly bad, not when it is small.

    Args:
        report: The measurements.
        name: The metric.
        most: How many slices; 0 prints nothing.
        console: Where to; None for standard output.
    """
    console = console or Console()
    for problem in report.header.get("sample_problems", ()):
        console.print(Text(f"not compared with the champion: {plain(problem)}", style="bold red"))
    for warning in report.header.get("warnings", ()):
        console.print(Text(plain(warning), style="yellow"))
    for attribute, reason in report.header.get("left_out", {}).items():
        console.print(Text(plain(f"no axis: {attribute} {reason}"), style="dim"))
    rows = [row for row in report.rows if row.metric == name and row.class_ is None]
    whole = [row for row in rows if row.slice == ALL]
    upwards = metric(name).higher_is_better
    worst = sorted((row for row in rows if row.slice != ALL), key=lambda row: _order(row, upwards=upwards))
    if most and rows:
        shown = worst[:most]
        console.print(_table(report, name, [*whole, *shown], left=len(worst) - len(shown)))


def _order(row: SliceRow, *, upwards: bool) -> tuple[int, float, str]:
    """Sort by how good the slice may be at best; what has no value comes last."""
    measured: Estimate | Difference
    if row.difference is not None:
        measured = row.difference
    elif isinstance(row.candidate, Estimate):
        measured = row.candidate
    else:
        return 1, 0.0, row.slice
    bound = measured.high if upwards else measured.low
    best = measured.value if bound is None else bound
    return 0, best if upwards else -best, row.slice


def _table(report: SliceReport, name: str, rows: list[SliceRow], *, left: int) -> Table:
    share = report.header["confidence"]
    compared = any(row.baseline is not None for row in rows)
    more = f"; {left} more slices in the report" if left else ""
    caption = f"intervals of {share:.0%} confidence, the certainly worst first{more}"
    if compared:
        caption += "; p: the candidate is worse"
    table = Table(
        title=f"{name} by slice",
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("slice", overflow="fold", min_width=16)
    for column in ("n", name, *(("champion", "difference", "p") if compared else ())):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        cells = [plain(row.slice), str(row.n), _measurement(row.candidate, bounds=not compared)]
        if compared:
            cells += [_measurement(row.baseline, bounds=False), *_difference(row.difference)]
        table.add_row(*map(Text, cells), end_section=row.slice == ALL)
    return table


def _measurement(measured: Measurement | None, *, bounds: bool = True) -> str:
    if not isinstance(measured, Estimate):
        return "–"
    if not bounds or measured.low is None or measured.high is None:
        return f"{measured.value:.3f}"
    return f"{measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"


def _difference(difference: Difference | None) -> tuple[str, str]:
    if difference is None:
        return "–", "–"
    return (
        f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]",
        f"{difference.p_worse:.3f}",
    )

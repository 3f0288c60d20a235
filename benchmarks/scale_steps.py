"""The steps after evaluation on tables that grow, each in a process of its own, and their curves."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured import Cost, measured
from benchmarks.row import Row
from benchmarks.scale_tables import POLICIES
from seatrial.datasets import Task
from seatrial_pipelines.demo import gate, server

__all__ = ["Curves", "rows"]

_SEATRIAL = Path(sys.executable).with_name("seatrial")
_FIGURES = Path(__file__).parents[1] / "docs" / "images"


@dataclass(frozen=True, slots=True)
class Curves:
    """What to measure.

    Attributes:
        task: The task.
        sizes: Images of the smallest, the middle and the largest table.
        policies: Names of policies in :data:`~benchmarks.scale_tables.POLICIES` for ``measure-slices``.
        replicates: Bootstrap replicates.
        figure: File in ``docs/images`` to draw.
    """

    task: Task
    sizes: tuple[int, int, int]
    policies: Sequence[str]
    replicates: int
    figure: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the results."""
        return ("step", *(f"{size:,} images" for size in self.sizes), "growth, middle to largest")


def rows(curves: Curves) -> Iterator[Row]:
    """Take every step at every size, one process at a time, and draw the curves."""
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracking = server.start(folder / "mlflow", gate.write(folder, "scale"))
        try:
            for images in curves.sizes:
                for step, cost in _steps(curves, images, folder / str(images), tracking.uri):
                    print(f"    {images:,} {step}: {cost.seconds:.1f} s, {cost.gib:.2f} GiB", flush=True)
                    found.setdefault(step, []).append(cost)
        finally:
            server.stop(folder / "mlflow")
    _draw(curves, found)
    growth = curves.sizes[2] / curves.sizes[1]
    for step, costs in found.items():
        _, middle, largest = costs
        yield Row(
            step,
            *(f"{one.seconds:.1f} s ({one.cpu:.1f} s of all cores), {one.gib:.2f} GiB" for one in costs),
            f"{largest.cpu / middle.cpu:.1f}× the time, {largest.gib / middle.gib:.1f}× the memory "
            f"for {growth:.0f}× the images",
        )


def _steps(curves: Curves, images: int, folder: Path, uri: str) -> Iterator[tuple[str, Cost]]:
    """Generate a table and take the steps; everything is thrown away at the end."""
    log = folder.with_suffix(".log")
    made = measured(
        *(sys.executable, "-m", "benchmarks.scale_tables"),
        *(curves.task, str(images), str(curves.replicates), folder),
        log=log,
    )
    print(f"    {images:,} images made in {made.seconds:.0f} s", flush=True)

    def step(verb: str, *arguments: object, expect: tuple[int, ...] = (0,)) -> Cost:
        return measured(_SEATRIAL, verb, *map(str, arguments), log=log, expect=expect)

    candidate, champion = folder / "candidate", folder / "champion"
    shards = sorted(folder.glob("shard-*"))
    yield f"merge-shards, {len(shards)} shards", step("merge-shards", *shards, "--out", folder / "merged")
    last = curves.policies[-1]
    for name in curves.policies:
        axes, values = POLICIES[name]
        asked = ("--policy", folder / f"{name}.yaml")
        both = ("--evaluation", candidate, "--baseline", champion)
        cost = step("measure-slices", *both, *asked, "--out", folder / f"slices-{name}")
        yield f"measure-slices, {axes * values} slices", cost
    slices, policy, verdict = folder / f"slices-{last}", folder / f"{last}.yaml", folder / "verdict"
    judged = ("--policy", policy, "--slices", slices)
    yield "decide-promotion", step("decide-promotion", *judged, "--out", verdict, expect=_JUDGED)
    page, results = folder / "report.html", ("--slices", slices, "--verdict", verdict)
    shown = ("--evaluation", candidate, "--baseline", champion, *results)
    yield "render-report", step("render-report", *shown, "--out", page)
    published = (*results, "--report", page, "--evaluation", candidate, "--tracking-uri", uri)
    yield "publish-run", step("publish-run", *published)


#: Exit statuses of a verdict, whatever its outcome.
_JUDGED = (0, 1, 3)


def _draw(curves: Curves, found: dict[str, list[Cost]]) -> None:
    """Draw time and memory over the number of images."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for step, costs in found.items():
        for axis, values in zip(axes, ([c.cpu for c in costs], [c.gib for c in costs]), strict=True):
            axis.plot(curves.sizes, values, marker="o", markersize=4, linewidth=1.5, label=step)
    first = curves.sizes[0]
    slowest = max(costs[1].cpu for costs in found.values()) / curves.sizes[1]
    axes[0].plot(
        curves.sizes, [slowest * size for size in curves.sizes], ":", color="#888888", label="linear"
    )
    titles = ("seconds of all cores, start of the process included", "GiB at the peak")
    for axis, title in zip(axes, titles, strict=True):
        axis.set(xscale="log", yscale="log", xlabel=f"images ({curves.task})", title=title, xlim=first * 0.8)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=7)
    about = f"a champion beside, {curves.replicates:,} replicates"
    figure.suptitle(f"Growth of the steps after evaluation: {about}", fontsize=10)
    figure.savefig(_FIGURES / curves.figure, dpi=90, metadata={"Software": None})
    plt.close(figure)

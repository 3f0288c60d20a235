"""``make bench``: run every benchmark and write ``benchmarks/RESULTS.md``."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

from benchmarks import detection, evaluation, imagenet_x, images, publishing, slices, startup
from benchmarks.row import Row

_PACKAGES = ("numpy", "pyarrow", "scikit-learn", "torch", "torchvision", "pillow", "mlflow")
_BENCHMARKS = (startup, slices, detection, imagenet_x, images, evaluation, publishing)


def main() -> None:
    """Run the benchmarks that the command line names, or all."""
    wanted = set(sys.argv[1:])
    rows: list[Row] = []
    for benchmark in _BENCHMARKS:
        name = benchmark.__name__.rpartition(".")[2]
        if wanted and name not in wanted:
            continue
        print(f"{name} …", flush=True)
        for row in benchmark.rows():
            print(f"  {row.work}: {row.seatrial}; {row.peer}; {row.ratio}", flush=True)
            rows.append(row)
    if not wanted:
        Path(__file__).with_name("RESULTS.md").write_text(_page(rows), encoding="utf-8")


def _page(rows: list[Row]) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    lines = [
        "# Benchmark results",
        "",
        "Made by `make bench`. Median of three runs, spread (largest − smallest) in parentheses; both",
        "sides of a row ran in the same process on the same machine, and their answers were compared.",
        "",
        f"Machine: {os.cpu_count()} CPU cores ({platform.machine()}), no GPU.",
        f"Python {platform.python_version()}; {versions}.",
        "",
        "| work | Seatrial | beside | ratio | agreement |",
        "|---|---|---|---|---|",
        *(f"| {row.work} | {row.seatrial} | {row.peer} | {row.ratio} | {row.agreement} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

"""``make bench``: run every benchmark and write ``benchmarks/RESULTS.md``; with names, only those."""

import importlib
import importlib.metadata
import os
import platform
import re
import sys
from pathlib import Path

from benchmarks.row import Row

_PACKAGES = ("numpy", "numba", "pyarrow", "scikit-learn", "torch", "torchvision", "pillow", "mlflow")
_BENCHMARKS = (
    "startup",
    "slices",
    "detection",
    "blind_spots",
    "imagenet_x",
    "images",
    "planted_images",
    "held_out_copies",
    "embedding_copies",
    "evaluation",
    "publishing",
    "pages",
    "causes",
    "label_errors",
    "object_labels",
    "real_annotations",
    "selection",
    "neighbours",
    "edge_cases",
    "calibration",
)
_COLUMNS = ("work", "Seatrial", "beside", "ratio", "agreement")
_RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Run the benchmarks that the command line names, or all; the sections of the others stay as they are."""
    names = sys.argv[1:] or list(_BENCHMARKS)
    unknown = sorted(set(names) - set(_BENCHMARKS))
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; expected some of {', '.join(_BENCHMARKS)}")
    for name in names:
        print(f"{name} …", flush=True)
        benchmark = importlib.import_module(f"benchmarks.{name}")
        rows = []
        for row in benchmark.rows():
            print(f"  {row.work}: {row.seatrial}; {row.peer}; {row.ratio}", flush=True)
            rows.append(row)
        columns = getattr(benchmark, "COLUMNS", _COLUMNS)
        sections = _sections()
        sections[name] = _section(name, str(benchmark.__doc__).splitlines()[0], columns, rows)
        written = [sections[one] for one in _BENCHMARKS if one in sections]
        _RESULTS.write_text("\n".join([_head(), *written]), encoding="utf-8")


def _head() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return f"""# Benchmark results

Made by `make bench`, or one by one by `python -m benchmarks NAME`. Median of three runs, spread (largest −
smallest) in parentheses; both sides of a row ran in the same process on the same machine, and their answers
were compared.

Machine: {os.cpu_count()} CPU cores ({platform.machine()}), no GPU.
Python {platform.python_version()}; {versions}.
"""


def _sections() -> dict[str, str]:
    """Read the sections that are there, by name."""
    if not _RESULTS.exists():
        return {}
    parts = re.split(r"^## (\w+)\n", _RESULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        name: f"## {name}\n{text.rstrip()}\n" for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _section(name: str, about: str, columns: tuple[str, ...], rows: list[Row]) -> str:
    cells = ((row.work, row.seatrial, row.peer, row.ratio, row.agreement) for row in rows)
    lines = [f"| {' | '.join(line)} |" for line in (columns, ["---"] * len(columns), *cells)]
    return "\n".join([f"## {name}", "", about, "", *lines]) + "\n"


if __name__ == "__main__":
    main()

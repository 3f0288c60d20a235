"""``make bench``: run every benchmark and write ``benchmarks/RESULTS.md``; with names, only those."""

import importlib
import importlib.metadata
import os
import platform
import re
import sys
import time
import traceback
from pathlib import Path

from benchmarks.baselines import claims_of, summary, updated
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
    "scale",
    "scale_detection",
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
    failed = [name for name in names if not _run(name)]
    if failed:
        sys.exit(f"did not finish: {', '.join(failed)}")


def _run(name: str) -> bool:
    """Run one benchmark and write its section; one that fails stays as it was. Say whether it went well."""
    print(f"{name} …", flush=True)
    start = time.perf_counter()
    try:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        rows = []
        for row in benchmark.rows():
            print(f"  {row.work}: {row.seatrial}; {row.peer}; {row.ratio}", flush=True)
            rows.append(row)
    except (Exception, SystemExit):  # noqa: BLE001 - the others are run all the same
        traceback.print_exc()
        return False
    columns = getattr(benchmark, "COLUMNS", _COLUMNS)
    before = _RESULTS.read_text(encoding="utf-8") if _RESULTS.exists() else ""
    sections, claims = _sections(before), claims_of(before)
    took = time.perf_counter() - start
    about = f"{str(benchmark.__doc__).splitlines()[0]} It took {took:.0f} s."
    sections[name] = _section(name, about, columns, rows)
    claims = updated(claims, name, (claim for row in rows for claim in row.claims))
    written = [sections[one] for one in _BENCHMARKS if one in sections]
    _RESULTS.write_text("\n".join([_head(), summary(claims), *written]), encoding="utf-8")
    print(f"  {name}: {took:.0f} s", flush=True)
    return True


def _head() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return f"""# Benchmark results

Made by `make bench`, or one by one by `python -m benchmarks NAME`. Median of three runs, spread (largest −
smallest) in parentheses; both sides of a row ran in the same process on the same machine, and their answers
were compared.

Machine: {os.cpu_count()} CPU cores ({platform.machine()}), no GPU.
Python {platform.python_version()}; {versions}.
"""


def _sections(results: str) -> dict[str, str]:
    """Take the sections of earlier results apart, by name."""
    parts = re.split(r"^## (\w+)\n", results, flags=re.MULTILINE)
    return {
        name: f"## {name}\n{text.rstrip()}\n" for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _section(name: str, about: str, columns: tuple[str, ...], rows: list[Row]) -> str:
    cells = ((row.work, row.seatrial, row.peer, row.ratio, row.agreement) for row in rows)
    lines = [f"| {' | '.join(line)} |" for line in (columns, ["---"] * len(columns), *cells)]
    return "\n".join([f"## {name}", "", about, "", *lines]) + "\n"


if __name__ == "__main__":
    main()

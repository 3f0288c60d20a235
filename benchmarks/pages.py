"""What people look at: how fast the report opens and answers, and how fast the explorer filters."""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.row import Row
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.gates import Policy, decide
from seatrial.reporting import ReportInputs, render_html
from seatrial.slices import MeasureOptions
from seatrial.slices.measure import measure

_SAMPLES, _SLICES, _CLASSES = 100_000, 500, 20
_ROWS = 1_000_000
_PICTURES = 2_000
_FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_POLICY = """
apiVersion: seatrial/v1
statistics: {replicates: 100}
slices:
  place: {by: [place], max_values: 600}
rules:
  - {id: floor, type: min, metric: accuracy, slice: place, value: 0.8}
"""


def rows() -> Iterator[Row]:
    """Open a report of 100,000 samples and 500 slices, press things in it; filter a million rows."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _report(Path(folder))
        yield _explorer(Path(folder))


def _evaluation(n: int, places: int, folder: Path | None) -> EvaluationTable:
    rng = np.random.default_rng(7)
    names = [f"class {code}" for code in range(_CLASSES)]
    truth, place = rng.integers(0, _CLASSES, n), rng.integers(0, places, n)
    wrong = rng.random(n) < np.where(place % 17 == 0, 0.3, 0.08)
    said = np.where(wrong, (truth + 1) % _CLASSES, truth)
    uris = [None] * n if folder is None else _pictures(folder, n)
    samples = pa.table(
        {
            "id": [f"images/{number:07d}.jpg" for number in range(n)],
            "label": pa.array(names).take(pa.array(truth)),
            "prediction": pa.array(names).take(pa.array(said)),
            "confidence": rng.beta(5, 2, n),
            "loss": rng.gamma(1.0, 0.3, n),
            "group": pa.nulls(n, pa.string()),
            "uri": pa.array(uris, pa.string()),
            "content": pa.nulls(n, pa.string()),
            "place": [f"place {number:03d}" for number in place],
            "brightness": rng.random(n),
            "sharpness": rng.gamma(2.0, 100.0, n),
        }
    )
    header = EvaluationHeader(
        "classification", tuple(names), "model.pt", "sha256:m", "streets", "sha256:d", n
    )
    vectors = rng.standard_normal((_CLASSES, 32))[said] * 3 + rng.standard_normal((n, 32))
    return EvaluationTable(header, samples, embeddings=vectors.astype(np.float32))


def _pictures(folder: Path, n: int) -> list[str]:
    """Draw some pictures; many samples share one, as far as the page can tell they are different."""
    rng = np.random.default_rng(8)
    made = []
    for number in range(_PICTURES):
        path = folder / f"{number}.jpg"
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        coarse.resize((160, 120), Image.Resampling.BICUBIC).save(path, quality=85)
        made.append(str(path))
    return [made[number % _PICTURES] for number in range(n)]


def _report(folder: Path) -> Iterator[Row]:
    from playwright.sync_api import sync_playwright

    table = _evaluation(_SAMPLES, _SLICES, folder)
    policy = Policy.parse(_POLICY, "policy.yaml")
    slices = measure(table, None, policy.slices, MeasureOptions(replicates=100))
    start = time.perf_counter()
    text = render_html(ReportInputs(table, slices, decide(policy, slices, today=date(2026, 1, 1), inputs={})))
    took = time.perf_counter() - start
    page_file = folder / "report.html"
    page_file.write_text(text, encoding="utf-8")
    yield Row(
        f"render a report, {_SAMPLES:,} samples, {_SLICES} slices, with map and pictures",
        f"{took:.0f} s, {len(text) / 1e6:.1f} MB",
        "stated budget: 12 MB",
        f"{len(text) / 12e6:.2f} of the budget",
        "",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        opened, clicked = [], []
        for _ in range(3):
            page = browser.new_page(viewport={"width": 1300, "height": 1000})
            start = time.perf_counter()
            page.goto(page_file.as_uri())
            page.wait_for_selector("html[data-ready]")
            opened.append(time.perf_counter() - start)
            for act in (
                lambda page=page: page.click("#slice-table [data-sort=n]"),
                lambda page=page: page.fill("#filter", "place 1"),
                lambda page=page: (
                    page.click(".cellbutton >> nth=1"),
                    page.wait_for_selector("#pictures[open]"),
                ),
            ):
                start = time.perf_counter()
                act()
                clicked.append(time.perf_counter() - start)
            page.close()
        browser.close()
    yield Row(
        "open it; the slowest of sorting, filtering, opening a cell",
        f"{statistics.median(opened):.2f} s; {max(clicked):.2f} s",
        "asked for: 2 s",
        f"{max(*opened, *clicked) / 2:.2f} of it",
        "its table, dialog and map are tested in a browser",
    )


def _explorer(folder: Path) -> Row:
    table = _evaluation(_ROWS, 200, None)
    table.write(folder / "million")
    command = [sys.executable, "-m", "seatrial", "explore", str(folder / "million"), "--no-browser"]
    questions = [
        "place == 'place 017'",
        "brightness < 0.2 and sharpness > 150",
        "label in ('class 1', 'class 2') and not brightness > 0.5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        url = program.stdout.readline().split(" at ")[1].split()[0]
        times = []
        for where in questions:
            _ask(url, where)  # an attribute is encoded when it is first asked for, if it was not yet
            for outcome in ("all", "wrong"):
                start = time.perf_counter()
                found = _ask(url, where, outcome)
                times.append(time.perf_counter() - start)
                assert found["n"] > 0
        program.terminate()
    return Row(
        f"the explorer filters, counts and sorts {_ROWS:,} samples",
        f"{statistics.median(times):.2f} s, slowest {max(times):.2f} s",
        "asked for: 1 s",
        f"{max(times):.2f} of it",
        "counts checked in `tests/unit/explorer`",
    )


def _ask(url: str, where: str, outcome: str = "all") -> dict:
    body = json.dumps({"query": {"where": where, "outcome": outcome}}).encode()
    headers = {"Content-Type": "application/json", "X-Seatrial": "explorer"}
    request = urllib.request.Request(f"{url}/api/samples", body, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())

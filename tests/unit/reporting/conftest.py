"""Small comparisons of every task, with real images, real measurements and real verdicts."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from PIL import Image

from seatrial.datasets import OBJECT_SCHEMA
from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure
from seatrial.evaluation.detection import DetectedObjects, detection_tables
from seatrial.evaluation.pixels import pixel_counts, pixel_table
from seatrial.evaluation.segmentation import segmentation_samples
from seatrial.gates import Policy, Verdict, decide
from seatrial.images import decode_rgb, image_properties, read_bytes
from seatrial.quality import CheckResult, Finding, QualityReport
from seatrial.reporting import ReportInputs
from seatrial.slices import MeasureOptions, SliceReport
from seatrial.slices.measure import measure

CLASSES = ("defective", "functional")
SITES = ("Aalborg", "Brest", "Cádiz", None)

POLICY = """
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: skip}
statistics: {alpha: 0.05, replicates: 60, seed: 7}
defaults: {min_n: 30, on_inconclusive: warn, on_missing_slice: error}
slices:
  cell: {by: [type]}
  site: {by: [site]}
  brightness: {by: {brightness: {bins: quantile, n: 4}}}
  cross: {by: [type, site]}
rules:
"""
RULES = """
  - {id: floor, type: min, metric: accuracy, value: 0.7, severity: block}
  - {id: cell-type, type: no_regression, metric: accuracy, slice: cell, correction: holm, severity: block}
  - {id: brightness, type: no_regression, metric: accuracy, slice: brightness, severity: warn}
  - {id: sites, type: non_inferior, metric: accuracy, slice: site, margin: 0.05, severity: warn}
  - {id: calibrated, type: max, metric: ece, value: 0.15, severity: warn}
  - {id: even, type: gap, metric: accuracy, slice: cell, max: 0.15, severity: warn}
  - {id: enough, type: coverage, slice: cross, severity: warn}
  - {id: readable, type: data, check: broken, max_count: 2, severity: block}
  - {id: duplicates, type: data, check: exact_duplicates, max_count: 0, severity: warn}
"""
WAIVER = """
waivers:
  - {rule: duplicates, owner: Ada, reason: the twins are known, expires: 2026-12-01}
"""


@dataclass(frozen=True)
class Story:
    """The results of one comparison, and what to change in them."""

    candidate: EvaluationTable
    baseline: EvaluationTable | None
    slices: SliceReport
    verdict: Verdict
    quality: QualityReport

    def inputs(self, **changes: object) -> ReportInputs:
        given = {
            "candidate": self.candidate,
            "slices": self.slices,
            "verdict": self.verdict,
            "baseline": self.baseline,
            "quality": self.quality,
        }
        return ReportInputs(**(given | changes))

    def write(self, folder: Path) -> dict[str, Path]:
        """Write every part as its step does."""
        places = {name: folder / name for name in ("evaluation", "baseline", "slices", "quality")}
        places["verdict"] = folder / "verdict.json"
        self.candidate.write(places["evaluation"])
        if self.baseline is not None:
            self.baseline.write(places["baseline"])
        else:
            del places["baseline"]
        self.slices.write(places["slices"])
        self.verdict.write(places["verdict"])
        places["quality"].mkdir()
        self.quality.write_into(places["quality"])
        return places


def draw_cell(random: np.random.Generator, *, poly: bool, cracked: bool, side: int = 96) -> NDArray[np.uint8]:
    """Draw a solar cell: bus bars, grain where it is polycrystalline, a dark crack where it is broken."""
    glow = random.uniform(90, 190)
    y, x = np.mgrid[0:side, 0:side] / side
    grey = glow * (1 - 0.35 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)) + random.normal(0, 4, (side, side))
    if poly:
        grain = random.normal(0, 1, (8, 8))
        grey += 18 * np.asarray(Image.fromarray(grain).resize((side, side), Image.Resampling.BICUBIC))
    for bar in (0.25, 0.5, 0.75):
        grey[np.abs(x - bar) < 0.012] *= 0.45
    if cracked:
        slope, start = random.uniform(-1.2, 1.2), random.uniform(0.2, 0.8)
        grey[np.abs(y - start - slope * (x - 0.5)) < 0.02] *= 0.3
        grey[(x > 0.55) & (y > start) & (y < start + 0.2)] *= 0.55
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def write_cells(folder: Path, count: int, random: np.random.Generator, *, side: int = 96) -> pa.Table:
    """Write images and give their samples' columns: id, uri, label, group, content, metadata, properties."""
    folder.mkdir(parents=True)
    rows = []
    for index in range(count):
        poly, cracked = bool(random.random() < 0.6), bool(random.random() < 0.45)
        path = folder / f"cell{index:04d}.png"
        Image.fromarray(draw_cell(random, poly=poly, cracked=cracked, side=side)).save(path)
        rows.append(
            {
                "id": f"cell{index:04d}",
                "uri": str(path),
                "label": CLASSES[0 if cracked else 1],
                "group": None,
                "content": None,
                "type": "poly" if poly else "mono",
                "site": SITES[int(random.integers(len(SITES)))],
                **image_properties(decode_rgb(read_bytes(str(path)))),
            }
        )
    return pa.Table.from_pylist(rows)


def predict(
    samples: pa.Table, name: str, skill: NDArray[np.float64], classes: tuple[str, ...]
) -> EvaluationTable:
    """Let a model predict whose logits favour the truth by ``skill``, sample by sample."""
    random = np.random.default_rng(len(name))
    truth = np.array([classes.index(one) for one in samples.column("label").to_pylist()])
    logits = np.random.default_rng(5).normal(0, 1.6, (len(truth), len(classes)))
    logits += random.normal(0, 0.7, logits.shape)
    logits[np.arange(len(truth)), truth] += skill
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    said = scores.argmax(axis=1)
    loss = -np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-9)).astype(np.float64)
    columns = {
        "id": samples.column("id"),
        "label": samples.column("label"),
        "prediction": pa.array([classes[one] for one in said]),
        "confidence": pa.array(scores.max(axis=1).astype(np.float64)),
        "loss": pa.array(loss),
    }
    columns |= {name: samples.column(name) for name in samples.column_names if name not in columns}
    header = EvaluationHeader(
        task="classification",
        classes=classes,
        model=name,
        model_digest=f"sha256:{name}",
        dataset="solar cells, test",
        dataset_digest="sha256:cells",
        dataset_size=len(truth) + 1,
        failures=(Failure("cell9999", "cell9999.png", "truncated or damaged"),),
    )
    return EvaluationTable(header, pa.table(columns), scores)


def check(samples: pa.Table) -> QualityReport:
    """Report what checks found: two twins, a dark image, a crash, a skipped check."""
    ids = samples.column("id").to_pylist()
    findings = (
        Finding("dark", "warning", "1 image is too dark to see anything", (ids[3],), 0.9, {"p99": 0.2}),
        Finding("exact_duplicates", "warning", "2 images hold the same pixels", (ids[0], ids[1]), 2.0, {}),
    )
    checks = (
        CheckResult("broken", "done", "", 0, 0),
        CheckResult("dark", "done", "", 1, 1),
        CheckResult("exact_duplicates", "done", "", 1, 2),
        CheckResult("drift", "crashed", "ValueError: the reference has no column 'site'", 0, 0),
        CheckResult("split_leakage", "skipped", "no reference was given", 0, 0),
    )
    dataset = {"name": "solar cells, test", "digest": "sha256:cells", "n": len(ids)}
    pages = {"Data Docs": "data_docs/index.html", "Drift": "drift.html"}
    return QualityReport({"dataset": dataset, "reference": None}, checks, findings, pages)


def tell(
    samples: pa.Table,
    before: dict[str, float] | None,
    now: dict[str, float],
    *,
    rules: str = RULES + WAIVER,
    classes: tuple[str, ...] = CLASSES,
    replicates: int = 60,
) -> Story:
    """Compare two models whose skill depends on the cell's type."""
    types = samples.column("type").to_pylist()
    candidate = predict(samples, "models:/cells/8", np.array([now[one] for one in types]), classes)
    baseline = None
    if before is not None:
        baseline = predict(
            samples, "models:/cells@champion", np.array([before[one] for one in types]), classes
        )
    text = (POLICY + rules).replace("replicates: 60", f"replicates: {replicates}")
    policy = Policy.parse(text, "policy.yaml")
    options = MeasureOptions(confidence=0.95, replicates=replicates, seed=7)
    slices = measure(candidate, baseline, policy.slices, options)
    quality = check(samples)
    inputs = {"policy": policy.digest, "candidate": {"model": "models:/cells/8", "digest": "sha256:8"}}
    verdict = decide(policy, slices, quality, today=date(2026, 6, 1), inputs=inputs)
    return Story(candidate, baseline, slices, verdict, quality)


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return write_cells(tmp_path_factory.mktemp("images") / "cells", 240, np.random.default_rng(11), side=32)


@pytest.fixture(scope="session")
def refused(cells: pa.Table) -> Story:
    """Better overall, proven worse on one type."""
    return tell(cells, {"mono": 4.0, "poly": 1.0}, {"mono": 1.0, "poly": 4.0})


@pytest.fixture(scope="session")
def passed(cells: pa.Table) -> Story:
    return tell(cells, {"mono": 1.5, "poly": 1.5}, {"mono": 3.0, "poly": 3.0})


@pytest.fixture(scope="session")
def undecided(cells: pa.Table) -> Story:
    rules = """
  - {id: equal, type: non_inferior, metric: accuracy, slice: cell, margin: 0.02, on_inconclusive: block}
"""
    return tell(cells, {"mono": 2.0, "poly": 2.0}, {"mono": 2.0, "poly": 2.02}, rules=rules)


@pytest.fixture(scope="session")
def first(cells: pa.Table) -> Story:
    """A candidate without a champion."""
    return tell(cells, None, {"mono": 3.0, "poly": 3.0})


@pytest.fixture(scope="session")
def story(cells: pa.Table) -> Callable[..., Story]:
    """Tell another story about the same cells."""
    return lambda **changes: tell(changes.pop("samples", cells), **changes)


STREET_CLASSES = ("car", "person")
IMAGES, SIDE = 24, 64
PLACES = ((4, 6, 20, 12), (36, 30, 8, 24))

STREET_POLICY = """
apiVersion: seatrial/v1
task: {task}
statistics: {{alpha: 0.05, replicates: 60, seed: 7}}
defaults: {{min_n: 3, on_inconclusive: warn}}
slices:
  light: {{by: [light]}}
{slices}
rules:
  - {{id: light, type: no_regression, metric: {metric}, slice: light, severity: block}}
{rules}
"""
OF_OBJECTS = "  people: {level: object, where: \"class == 'person'\"}"
ON_OBJECTS = "  - {id: people, type: no_regression, metric: ar_100, slice: people, severity: block}"


def street_header(task):
    return EvaluationHeader(task, STREET_CLASSES, "models:/m/1", "sha256:m", "streets", "sha256:d", IMAGES)


@pytest.fixture(scope="session")
def streets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streets")
    rows = []
    for number in range(IMAGES):
        pixels = np.full((SIDE, SIDE, 3), 90, dtype=np.uint8)
        for (x, y, width, height), shade in zip(PLACES, (200, 20), strict=True):
            pixels[y : y + height, x : x + width] = shade
        path = folder / f"{number:02}.png"
        Image.fromarray(pixels).save(path)
        light = "night" if number % 2 else "day"
        rows.append({"id": path.stem, "uri": str(path), "group": None, "content": None, "light": light})
    types = {"id": pa.string(), "uri": pa.string(), "group": pa.string(), "content": pa.string()}
    table = pa.Table.from_pylist(rows)
    return table.set_column(2, "group", table["group"].cast(types["group"])).set_column(
        3, "content", table["content"].cast(types["content"])
    )


def detector(images, *, misses):
    """Find everything, but the person where ``misses`` says; then see a car in the sky."""
    annotated = images.append_column("annotated", pa.array([True] * IMAGES))
    truths = [
        {"image": one, "annotation": f"{one}-{k}", "class": name, "x": x, "y": y, "width": w, "height": h,
         "area": w * h, "crowd": False, "ignore": False, "mask": None}
        for one in images["id"].to_pylist()
        for k, (name, (x, y, w, h)) in enumerate(zip(STREET_CLASSES, PLACES, strict=True))
    ]  # fmt: skip
    found = []
    for light in images["light"].to_pylist():
        second = (40, 0, 10, 8) if misses(light) else PLACES[1]
        boxes = np.array([PLACES[0], second], dtype=np.float64)
        codes = np.array([0, 0 if misses(light) else 1])
        found.append(DetectedObjects(boxes, np.array([0.9, 0.8]), codes))
    table = pa.Table.from_pylist(truths, schema=OBJECT_SCHEMA)
    samples, objects = detection_tables(annotated, table, STREET_CLASSES, found)
    return EvaluationTable(street_header("detection"), samples, objects=objects)


def segmenter(images, *, misses):
    """Take everything for what it is, but the lower half for class one where ``misses`` says."""
    truth = np.zeros((SIDE, SIDE), dtype=np.uint8)
    truth[:, SIDE // 2 :] = 1
    place = Path(images["uri"][0].as_py()).parent / "truth.png"
    Image.fromarray(truth).save(place)
    columns = images.append_column("mask", pa.array([str(place)] * IMAGES))
    columns = columns.append_column("mask_content", images["id"])
    counts, pictures = [], []
    for light in images["light"].to_pylist():
        said = truth.copy()
        if misses(light):
            said[SIDE // 2 :] = 1
        counts.append(pixel_counts(truth, said, len(STREET_CLASSES), None))
        stream = io.BytesIO()
        Image.fromarray(said).save(stream, "PNG")
        pictures.append(stream.getvalue())
    ids = images["id"].to_pylist()
    return EvaluationTable(
        street_header("segmentation"),
        segmentation_samples(columns),
        pixels=pixel_table(ids, counts, STREET_CLASSES),
        masks=pa.table({"image": ids, "mask": pictures}),
    )


def tell_of(task, model, images, metric, slices="", rules=""):
    candidate = model(images, misses=lambda light: light == "night")
    champion = model(images, misses=lambda _: False)
    policy = Policy.parse(
        STREET_POLICY.format(task=task, metric=metric, slices=slices, rules=rules), "policy.yaml"
    )
    report = measure(candidate, champion, policy.slices, MeasureOptions(replicates=60))
    verdict = decide(policy, report, today=date(2026, 6, 1), inputs={})
    return ReportInputs(candidate, report, verdict, champion)


@pytest.fixture(scope="session")
def detection(streets):
    return tell_of("detection", detector, streets, "map_50_95", OF_OBJECTS, ON_OBJECTS)


@pytest.fixture(scope="session")
def segmentation(streets):
    return tell_of("segmentation", segmenter, streets, "miou")

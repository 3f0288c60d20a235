"""Drawn streets of every task, judged by the real steps; pages in a browser that is watched."""

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from seatrial.inference import ModelOptions
from seatrial.mining.blind_spots import SearchOptions
from seatrial.steps import (
    check_data,
    decide_promotion,
    evaluate_model,
    find_blind_spots,
    measure_slices,
    render_report,
)

CLASSES = ("car", "person", "sign")
SITES = ("Brest", "Cádiz", "<b>Ulm</b>")
IMAGES, SIDE = 240, 32
METRICS = {"classification": "accuracy", "detection": "map_50_95", "segmentation": "miou"}
POLICY = """\
apiVersion: seatrial/v1
task: {task}
baseline: {{alias: champion, on_missing: skip}}
statistics: {{replicates: 200}}
defaults: {{min_n: 20, on_inconclusive: warn}}
slices:
  light: {{by: [light]}}
  site: {{by: [site]}}
  meeting: {{by: [light, site]}}
rules:
  - {{id: floor, type: min, metric: {metric}, value: 0.3, severity: block}}
  - {{id: light, type: no_regression, metric: {metric}, slice: light, correction: holm, severity: block}}
  - {{id: sites, type: non_inferior, metric: {metric}, slice: site, margin: 0.05, severity: warn}}
"""


@dataclass(frozen=True)
class Judged:
    """What the steps wrote about a champion and a candidate.

    Attributes:
        task: What the models do.
        folder: Where it lies.
        dataset: Specification of the data set.
    """

    task: str
    folder: Path
    dataset: str

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def evaluation(self) -> Path:
        return self.folder / "candidate"


@pytest.fixture(scope="session")
def judged(tmp_path_factory) -> Callable[[str], Judged]:
    """Judge a candidate that is better by day and overlooks people by night, once for each task."""
    made: dict[str, Judged] = {}

    def judge(task: str) -> Judged:
        if task not in made:
            made[task] = _judged(task, tmp_path_factory.mktemp(task))
        return made[task]

    return judge


def _judged(task: str, folder: Path) -> Judged:
    dataset = _draw(task, folder / "data")
    preprocess = {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]}
    adapters = {
        "classification": {},
        "detection": {"adapter": "boxes"},
        "segmentation": {"adapter_options": {"keep_masks": True}},
    }
    options = ModelOptions.parse(
        {"classes": list(_classes(task)), "preprocess": preprocess, **adapters[task]}, "the test"
    )
    place = str(Path(__file__).parent)
    sys.path.insert(0, place)
    try:
        for name in ("candidate", "champion"):
            model = f"python:street_networks:{name}_{task}"
            evaluate_model.run(
                model, dataset, folder / name, options=options, task=task, device="cpu", workers=1
            )
    finally:
        sys.path.remove(place)
        sys.modules.pop("street_networks", None)
    policy = folder / "policy.yaml"
    policy.write_text(POLICY.format(task=task, metric=METRICS[task]), encoding="utf-8")
    sides = {"evaluation": folder / "candidate", "baseline": folder / "champion"}
    measure_slices.run(sides["evaluation"], folder / "slices", baseline=sides["baseline"], policy=policy)
    checks = ("broken", "dark", "exact_duplicates", "odd_colour")
    check_data.run(dataset, folder / "quality", evaluation=sides["evaluation"], only=checks)
    decide_promotion.run(policy, folder / "slices", folder / "verdict", quality=folder / "quality")
    found = folder / "blind_spots"
    find_blind_spots.run(**sides, out=found, options=SearchOptions.of(support=10))
    folders = {name: folder / name for name in ("slices", "verdict", "quality", "blind_spots")}
    render_report.run(folder / "report.html", **sides, **folders, figures=folder / "figures")
    return Judged(task, folder, dataset)


def _classes(task: str) -> tuple[str, ...]:
    return ("road", *CLASSES) if task == "segmentation" else CLASSES


def _draw(task: str, folder: Path) -> str:
    """Draw streets: grey, a shape in the right half and, but for a classifier, one in the left half."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(5)
    rows, objects = [], []
    for number in range(IMAGES):
        night, name = number % 3 == 0, f"{number:03}.png"
        pixels = np.full((SIDE, SIDE, 3), 60 if night else 150) + rng.integers(0, 10, (SIDE, SIDE, 3))
        mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
        for left in (SIDE // 2,) if task == "classification" else (0, SIDE // 2):
            code = int(rng.integers(len(CLASSES)))
            width, height = rng.integers(5, 12, 2).tolist()
            x, y = int(left + rng.integers(1, SIDE // 2 - width)), int(rng.integers(1, SIDE - height))
            pixels[y : y + height, x : x + width, code] += 90
            mask[y : y + height, x : x + width] = 1 + code
            objects.append({"image_id": number, "category_id": code, "bbox": [x, y, width, height]})
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "images" / name)
        Image.fromarray(mask).save(folder / "masks" / name)
        light, site = "night" if night else "day", SITES[int(rng.integers(len(SITES)))]
        rows.append({"image": name, "label": CLASSES[code], "light": light, "site": site})
    match task:
        case "classification":
            _table(folder / "images" / "images.csv", rows)
            return f"table:{folder / 'images' / 'images.csv'}?name=streets"
        case "detection":
            images = [
                {"id": at, "file_name": row["image"], "width": SIDE, "height": SIDE}
                | {key: row[key] for key in ("light", "site")}
                for at, row in enumerate(rows)
            ]
            for at, one in enumerate(objects, 1):
                one |= {"id": at, "iscrowd": 0, "area": one["bbox"][2] * one["bbox"][3]}
            kinds = [{"id": code, "name": name} for code, name in enumerate(CLASSES)]
            known = {"images": images, "annotations": objects, "categories": kinds}
            (folder / "streets.json").write_text(json.dumps(known), encoding="utf-8")
            return f"coco:{folder / 'streets.json'}?images={folder / 'images'}&name=streets"
        case _:
            _table(folder / "streets.csv", [{k: v for k, v in row.items() if k != "label"} for row in rows])
            options = f"classes={','.join(_classes(task))}&metadata={folder / 'streets.csv'}"
            return f"masks:{folder}?{options}&name=streets"


def _table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class Watched:
    """A page, and what it said and asked for.

    Attributes:
        page: The page.
        said: Errors and warnings on its console.
        asked: Addresses that it fetched, but for ``data:`` and ``blob:``.
    """

    page: object
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def watched(page) -> Watched:
    """Watch the console and every request; whatever the page complains of fails the test."""
    one = Watched(page)
    page.on(
        "console", lambda told: one.said.append(_line(told)) if told.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: one.said.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("data:", "blob:")) else one.asked.append(request.url),
    )
    return one


def _line(told) -> str:
    return f"{told.location['url']}: {told.text}"


@pytest.fixture
def barriers() -> Callable[[object], str]:
    """Let axe look at a page; gives what it finds serious or critical, as text."""

    def look(page) -> str:
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        return json.dumps(
            [{one["id"]: [node["html"][:200] for node in one["nodes"][:4]]} for one in serious], indent=1
        )

    return look

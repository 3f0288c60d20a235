"""A report of everything that the steps know of a model: groups, where it looked, what to label next."""

import base64
import json
import re
import shutil
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seatrial.errors import InputError
from seatrial.evaluation import Explanations
from seatrial.files import read_json
from seatrial.gates import Policy
from seatrial.gates.scenario import ScenarioSuite
from seatrial.inference import ModelOptions
from seatrial.labelling import LabellingQueue
from seatrial.mining.blind_spots import SearchOptions
from seatrial.mining.edge_cases import MineOptions
from seatrial.steps import (
    decide_promotion,
    evaluate_model,
    explain_errors,
    find_blind_spots,
    measure_slices,
    mine_edge_cases,
    render_report,
)
from seatrial.steps.mine_edge_cases import PoolSource

_OPTIONS = ModelOptions.parse(
    {"preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1], "resize": 16, "crop": 12}}, "test"
)
_POLICY = """\
apiVersion: seatrial/v1
defaults: {min_n: 5}
slices:
  bright: {by: {brightness: {bins: quantile, n: 2}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.95, severity: block}
"""


def _paint(path, level, seed, *, tint):
    pixels = np.random.default_rng(seed).normal(level, 25, (16, 24, 3))
    if tint:
        pixels[..., 0] = 235
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def networks():
    """Let ``tiny_networks`` be imported by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "networks"))
        patch.delitem(sys.modules, "tiny_networks", raising=False)
        yield
        sys.modules.pop("tiny_networks", None)


@pytest.fixture(scope="module")
def known(tmp_path_factory, networks):
    """Dark and light images, dark ones with a red tint are taken for light; and everything about them."""
    tmp_path = tmp_path_factory.mktemp("known")
    for number in range(40):
        _paint(tmp_path / "val" / "dark" / f"{number}.png", 60, number, tint=number < 14)
        _paint(tmp_path / "val" / "light" / f"{number}.png", 190, 100 + number, tint=False)
    for number in range(30):
        _paint(tmp_path / "pool" / f"{number:02}.png", 60, 500 + number, tint=number < 12)
    places = {name: tmp_path / name for name in ("evaluation", "slices", "verdict")}
    others = {name: tmp_path / name for name in ("blind_spots", "explanations", "edge_cases")}
    model, data = "python:tiny_networks:Reddish", f"images:{tmp_path / 'val'}"
    (tmp_path / "policy.yaml").write_text(_POLICY)
    evaluation = places["evaluation"]
    evaluate_model.run(model, data, evaluation, options=_OPTIONS, device="cpu")
    measure_slices.run(evaluation, places["slices"], policy=tmp_path / "policy.yaml")
    decide_promotion.run(
        tmp_path / "policy.yaml", places["slices"], places["verdict"], today=date(2026, 1, 1)
    )
    find_blind_spots.run(evaluation, others["blind_spots"], options=SearchOptions.of(support=5))
    explain_errors.run(
        evaluation, model, data, others["explanations"], options=_OPTIONS, device="cpu", draw=10
    )
    pool = PoolSource(dataset=f"images:{tmp_path / 'pool'}", options=_OPTIONS, device="cpu")
    mine_edge_cases.run(
        evaluation,
        pool,
        others["edge_cases"],
        blind_spots=others["blind_spots"],
        options=MineOptions(size=6),
    )
    return places | others


def _shown(known, out, **changes):
    render_report.run(out, **(known | changes), embedding_map=False)
    html = out.read_text(encoding="utf-8")
    return html, json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def _text(html, id_):
    found = re.search(rf'<pre[^>]* id="{id_}"[^>]*>\n(.*?)</pre>', html, re.DOTALL)[1]
    return re.sub(
        r"&(#\d+|\w+);", lambda m: {"lt": "<", "gt": ">", "amp": "&", "#34": '"', "#39": "'"}[m[1]], found
    )


def test_what_the_steps_found_is_in_the_report(known, tmp_path):
    html, data = _shown(known, tmp_path / "report.html")
    queue = LabellingQueue.read(known["edge_cases"]).rows()
    assert _text(html, "batch-ids").split("\n") == [row["id"] for row in queue]
    assert html.count('class="rank"') == len(queue) == 6
    assert "Label the 6 images of the batch below." in html

    looks, explanations = data["saliency"], Explanations.read(known["explanations"])
    maps = {one["id"]: one["map"] for one in explanations.samples.to_pylist()}
    assert {base64.b64decode(one[2]) for one in looks["maps"]} == {one for one in maps.values() if one}
    # sixteen pixels high, and of twenty-four columns and sixteen rows the middle twelve are seen
    assert looks["frames"] == [[0.25, 0.125, 0.5, 0.75]]
    cell = data["atlas"]["cells"]["0-1"]
    assert len(cell) == 12
    for place in cell:
        (index,) = looks["of"][str(place)]
        assert base64.b64decode(looks["maps"][index][2]) == maps[data["atlas"]["pictures"][place][0]]


def test_what_can_be_copied_loads_in_a_policy(known, tmp_path):
    html, _ = _shown(known, tmp_path / "report.html")
    slices, scenarios = _text(html, "proposed"), _text(html, "proposed-scenarios")
    rules = "rules:\n  - {id: solved, type: scenario, severity: block}\n"
    policy = Policy.parse(f"apiVersion: seatrial/v1\n{slices}{scenarios}{rules}", "pasted.yaml")
    named = [one["name"] for one in read_json(known["blind_spots"] / "blind_spots.json", "")["groups"]]
    assert set(policy.slices) >= set(named[:1])
    suite, _ = ScenarioSuite.parse(f"apiVersion: seatrial/v1\n{scenarios}", "scenarios.yaml")
    frozen = {one for scenario in suite.scenarios.values() for one in scenario.samples}
    assert frozen == {f"dark/{number}.png" for number in range(14)}


def test_the_same_steps_give_the_same_bytes(known, tmp_path):
    one, other = (_shown(known, tmp_path / f"{name}.html")[0] for name in "ab")
    assert one == other


@pytest.mark.parametrize("name", ["explanations", "edge_cases", "blind_spots"])
def test_what_is_missing_is_named(name, known, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        _shown(known, tmp_path / "report.html", **{name: tmp_path / "nowhere"})
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("explanations", "explanations.json", "the explanations are of model sha256:other"),
        ("edge_cases", "mining.json", "the edge cases are of model sha256:other"),
    ],
)
def test_what_was_found_of_another_model_is_refused(name, file, words, known, tmp_path):
    known = known | {name: Path(shutil.copytree(known[name], tmp_path / name))}
    path = known[name] / file
    digest = re.search(r'"model_digest": "([^"]+)"', path.read_text())[1]
    path.write_text(path.read_text().replace(digest, "sha256:other"))
    with pytest.raises(InputError, match=words):
        _shown(known, tmp_path / "report.html")


def test_maps_and_batch_stay_within_the_bytes_of_all_pictures(known, tmp_path):
    for megabytes in (0.0, 0.004, 0.02, 0.1):
        html, data = _shown(known, tmp_path / "report.html", image_megabytes=megabytes)
        maps = sum(len(json.dumps(one)) for one in data["saliency"]["maps"]) if data["saliency"] else 0
        pictures = re.findall(r'data:image/jpeg;base64,[^"]+', html)
        assert maps + sum(map(len, pictures)) <= megabytes * 1e6

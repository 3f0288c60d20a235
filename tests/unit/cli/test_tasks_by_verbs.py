"""A detector and a segmenter from evaluation to verdict, by the verbs that classification goes by."""

import json
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from seatrial.cli.app import main
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.evaluation.pixels import PIXEL_SCHEMA
from seatrial.gates import Policy, decide
from seatrial.slices import SliceReport

N = 60

DETECTION = """\
apiVersion: seatrial/v1
task: detection
detection: {score: 0.4, iou: 0.5}
statistics: {replicates: 200}
slices:
  site: {by: [site]}
  size: {level: object, by: [size]}
  hidden: {level: object, where: "hidden == true"}
  far: {level: object, where: "relative_area < 0.05 and site == 'harbour'"}
rules:
  - {id: floor, type: min, metric: map_50, value: 0.5}
  - {id: sites, type: no_regression, metric: map_50, slice: site}
  - {id: sizes, type: no_regression, metric: recall, slice: size}
  - {id: hidden, type: min, metric: recall, slice: hidden, value: 0.3}
  - {id: far, type: max, metric: fp_per_image, slice: far, value: 2}
  - {id: cars, type: min, metric: recall, class: car, value: 0.3}
"""

SEGMENTATION = """\
apiVersion: seatrial/v1
task: segmentation
statistics: {replicates: 200}
slices:
  site: {by: [site]}
rules:
  - {id: floor, type: min, metric: miou, value: 0.5}
  - {id: sites, type: no_regression, metric: miou_per_image, slice: site}
  - {id: ships, type: min, metric: dice, class: ship, value: 0.2}
  - {id: edges, type: non_inferior, metric: boundary_iou, margin: 0.9}
"""


def columns():
    return {"site": ["harbour" if row % 2 else "street" for row in range(N)]}


@pytest.fixture
def detector(detection_table):
    """Builds a detector that finds a share of the small objects, and all others."""

    def build(model, share):
        rng, truths, found = np.random.default_rng(4), [], []
        images = [f"i{row}" for row in range(N)]
        for row, image in enumerate(images):
            for number, side in enumerate((12, 60, 110)):
                box = [float(20 * number), float(10 + number), float(side), float(side)]
                kind = "bus" if (row + number) % 3 else "car"
                truths.append({"image": image, "class": kind, "box": box, "hidden": bool(row % 3)})
                if side > 12 or rng.random() < share:
                    score = float(rng.uniform(0.45, 1))
                    found.append({"image": image, "class": kind, "box": box, "score": score})
            found.append({"image": image, "class": "bus", "box": [150.0, 150.0, 20.0, 20.0], "score": 0.01})
        sizes = {"width": [200.0] * N, "height": [200.0] * N}
        table = detection_table(images, ["car", "bus"], truths, found, **sizes, **columns())
        return replace(table, header=replace(table.header, model=model, model_digest=f"sha256:{model}"))

    return build


def segmenter(model, share):
    """Build a segmenter that gets a share of the ships' pixels, and all others."""
    rows = []
    for row in range(N):
        ship = 40 + row % 7
        found = int(ship * share)
        common = {"image": f"i{row}", "boundary_truth": 9, "boundary_prediction": 9, "boundary_both": 8}
        rows += [
            common | {"label": "sea", "prediction": "sea", "pixels": 300},
            common | {"label": "ship", "prediction": "ship", "pixels": found},
            {"image": f"i{row}", "label": "ship", "prediction": "sea", "pixels": ship - found},
        ]
    fixed = {
        "id": [f"i{row}" for row in range(N)],
        "annotated": [True] * N,
        "group": pa.nulls(N, pa.string()),
    }
    header = EvaluationHeader(
        "segmentation", ("sea", "ship"), model, f"sha256:{model}", "coast", "sha256:c", N
    )
    pixels = pa.Table.from_pylist(rows, PIXEL_SCHEMA)
    return EvaluationTable(header, pa.table({**fixed, **columns()}), pixels=pixels)


def seatrial(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["seatrial", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


@pytest.fixture
def judged(tmp_path, monkeypatch, capsys):
    """Takes a candidate and a champion through check-policy, measure-slices and decide-promotion."""

    def run(policy, candidate, champion):
        (tmp_path / "policy.yaml").write_text(policy)
        candidate.write(tmp_path / "new")
        champion.write(tmp_path / "champion")
        rules = ("--policy", tmp_path / "policy.yaml")
        checked = ("check-policy", tmp_path / "policy.yaml", "--evaluation", tmp_path / "new")
        assert seatrial(monkeypatch, *checked) == 0
        code = seatrial(
            monkeypatch,
            *("measure-slices", "--evaluation", tmp_path / "new", "--baseline", tmp_path / "champion"),
            *(*rules, "--out", tmp_path / "slices"),
        )
        assert code == 0, capsys.readouterr().err
        printed = capsys.readouterr().out
        code = seatrial(
            monkeypatch,
            *("decide-promotion", *rules, "--slices", tmp_path / "slices", "--out", tmp_path / "verdict"),
        )
        verdict = json.loads((tmp_path / "verdict" / "verdict.json").read_text())
        return code, verdict, printed

    return run


def decisions(verdict):
    return {(one["rule"], one["slice"]): one["outcome"] for one in verdict["decisions"]}


def test_a_detector_that_holds_what_the_champion_could_passes(judged, detector):
    code, verdict, printed = judged(DETECTION, detector("new", 0.9), detector("champion", 0.85))
    assert (code, verdict["outcome"]) == (0, "pass"), verdict
    assert "map_50_95 by slice" in printed
    assert set(decisions(verdict)) == {
        *(("floor", "all"), ("sites", "site=harbour"), ("sites", "site=street"), ("cars", "all")),
        *(("sizes", f"size={size}") for size in ("small", "medium", "large")),
        *(("hidden", "hidden"), ("far", "far")),
    }


def test_a_detector_that_lost_small_objects_is_refused_for_these(judged, detector):
    code, verdict, _ = judged(DETECTION, detector("new", 0.2), detector("champion", 0.9))
    assert (code, verdict["outcome"]) == (1, "fail")
    found = decisions(verdict)
    assert found["sizes", "size=small"] == "fail"
    assert found["sizes", "size=medium"] == found["sizes", "size=large"] == "pass"


def test_a_segmenter_that_holds_what_the_champion_could_passes(judged):
    code, verdict, printed = judged(SEGMENTATION, segmenter("new", 0.8), segmenter("champion", 0.8))
    assert (code, verdict["outcome"]) == (0, "pass"), verdict
    assert "miou by slice" in printed


def test_a_segmenter_that_lost_ships_is_refused(judged):
    code, verdict, _ = judged(SEGMENTATION, segmenter("new", 0.5), segmenter("champion", 0.9))
    assert (code, verdict["outcome"]) == (1, "fail")
    assert {rule for (rule, _), outcome in decisions(verdict).items() if outcome == "fail"} == {"sites"}


def test_a_report_that_lacks_a_slice_of_objects_is_no_evidence(judged, detector, tmp_path):
    judged(DETECTION, detector("new", 0.9), detector("champion", 0.9))
    report = SliceReport.read(tmp_path / "slices")
    lacking = replace(report, rows=tuple(row for row in report.rows if row.slice != "size=small"))
    verdict = decide(Policy.load(tmp_path / "policy.yaml"), lacking, today=date(2026, 1, 1), inputs={})
    (refused,) = [one for one in verdict.decisions if one.outcome == "error"]
    assert refused.rule == "sizes"
    assert "hold 120 of 180 true objects: the slice report is not complete" in refused.reason


def test_slices_at_another_operating_point_are_no_evidence(judged, detector, tmp_path):
    judged(DETECTION, detector("new", 0.9), detector("champion", 0.9))
    policy = Policy.parse(DETECTION.replace("score: 0.4", "score: 0.4, geometry: mask"), "policy.yaml")
    report = SliceReport.read(tmp_path / "slices")
    verdict = decide(policy, report, today=date(2026, 1, 1), inputs={})
    assert verdict.outcome == "error"
    assert "operating point" in verdict.problems[0]


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (SEGMENTATION, "rules[0].metric: expected a metric of detection (precision, "),
        (DETECTION.replace("by: [size]", "by: [sise]"), "'size'"),
        (DETECTION.replace("hidden == true", "hiden == true"), "hiden"),
    ],
)
def test_a_policy_that_asks_for_what_a_detection_does_not_have_is_told_before_anything_runs(
    tmp_path, monkeypatch, capsys, detector, policy, problem
):
    (tmp_path / "policy.yaml").write_text(policy)
    detector("new", 0.9).write(tmp_path / "new")
    arguments = (tmp_path / "policy.yaml", "--evaluation", tmp_path / "new")
    assert seatrial(monkeypatch, "check-policy", *arguments) == 2
    assert problem in capsys.readouterr().err


def test_objects_asked_of_a_segmentation_are_told_before_anything_runs(tmp_path, monkeypatch, capsys):
    policy = SEGMENTATION.replace("by: [site]", "level: object, by: [site]")
    (tmp_path / "policy.yaml").write_text(policy)
    segmenter("new", 0.9).write(tmp_path / "new")
    arguments = (tmp_path / "policy.yaml", "--evaluation", tmp_path / "new")
    assert seatrial(monkeypatch, "check-policy", *arguments) == 2
    assert "a segmentation has no objects" in capsys.readouterr().err


def test_a_metric_of_another_task_is_an_error(tmp_path, monkeypatch, capsys):
    segmenter("new", 0.9).write(tmp_path / "new")
    arguments = ("--evaluation", tmp_path / "new", "--out", tmp_path / "slices", "--metric", "accuracy")
    assert seatrial(monkeypatch, "measure-slices", *arguments) == 2
    assert "expected a metric of segmentation (miou, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say by which metric a detection solves it: "),
        (["--metric", "accuracy"], "expected a metric of detection ("),
        (["--metric", "fp_per_image"], "fp_per_image is better when lower: say from which value on"),
        (
            ["--metric", "recall", "--class", "ship"],
            "expected a class of the evaluation (car, bus), got 'ship'",
        ),
    ],
)
def test_a_detector_s_scenario_is_frozen_only_by_what_it_can_be_judged_by(
    tmp_path, monkeypatch, capsys, detector, arguments, told
):
    detector("new", 0.9).write(tmp_path / "new")
    suite = tmp_path / "scenarios.yaml"
    line = ("scenarios", "add", suite, "a", "--evaluation", tmp_path / "new", "--because", "x", "--id", "i1")
    assert seatrial(monkeypatch, *line, *arguments) == 2
    assert told in capsys.readouterr().err
    assert not suite.exists()
    assert seatrial(monkeypatch, *line, "--metric", "recall") == 0
    assert "min: 1.0" in suite.read_text()

from datetime import date

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from seatrial.cli.render_report import render_report as verb
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.gates import Policy, decide
from seatrial.quality import QualityReport
from seatrial.slices import MeasureOptions
from seatrial.slices.measure import measure
from seatrial.steps import import_predictions, render_report

POLICY = """
apiVersion: seatrial/v1
statistics: {alpha: 0.05, replicates: 20, seed: 7}
defaults: {min_n: 5, on_inconclusive: warn, on_missing_slice: error}
slices:
  light: {by: [light]}
rules:
  - {id: lights, type: no_regression, metric: accuracy, slice: light, severity: block}
"""


@pytest.fixture(scope="module")
def voyage(tmp_path_factory):
    """Images and predictions on disk, through the real steps, up to the verdict."""
    folder = tmp_path_factory.mktemp("voyage")
    random = np.random.default_rng(3)
    rows = []
    for index in range(80):
        name, truth = f"{index:02d}.png", ("cat", "dog")[index % 2]
        Image.fromarray(random.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(folder / name)
        night = index % 4 < 2
        other = "dog" if truth == "cat" else "cat"
        rows.append(
            {
                "image": name,
                "label": truth,
                "light": "night" if night else "day",
                "champion": truth,
                "candidate": other if night and random.random() < 0.7 else truth,
            }
        )
    table = pd.DataFrame(rows)
    table[["image", "label", "light"]].to_csv(folder / "val.csv", index=False)
    for model in ("champion", "candidate"):
        table.rename(columns={model: "prediction"})[["image", "prediction"]].to_csv(
            folder / f"{model}.csv", index=False
        )
        import_predictions.run(
            f"{folder}/{model}.csv?id=image", f"table:{folder}/val.csv", folder / f"{model}-evaluation"
        )
    candidate = EvaluationTable.read(folder / "candidate-evaluation")
    champion = EvaluationTable.read(folder / "champion-evaluation")
    policy = Policy.parse(POLICY, "policy.yaml")
    slices = measure(candidate, champion, policy.slices, MeasureOptions(replicates=20))
    slices.write(folder / "slices")
    (folder / "verdict").mkdir()
    decide(policy, slices, today=date(2026, 1, 1), inputs={}).write(folder / "verdict" / "verdict.json")
    (folder / "quality").mkdir()
    dataset = {"name": "val", "digest": candidate.header.dataset_digest, "n": 80}
    QualityReport({"dataset": dataset, "reference": None}, (), (), {}).write_into(folder / "quality")
    return folder


def places(folder):
    return {
        "evaluation": folder / "candidate-evaluation",
        "baseline": folder / "champion-evaluation",
        "slices": folder / "slices",
        "verdict": folder / "verdict",
        "quality": folder / "quality",
    }


def test_the_report_of_a_voyage_says_what_got_worse_and_shows_it(voyage, tmp_path):
    out = tmp_path / "deep" / "report.html"
    render_report.run(out, **places(voyage))
    html = out.read_text(encoding="utf-8")
    assert "light=night" in html
    assert "Broken by the candidate" in html
    assert html.count("data:image/jpeg;base64,") > 5


def test_two_runs_write_the_same_bytes(voyage, tmp_path):
    for name in ("a.html", "b.html"):
        render_report.run(tmp_path / name, **places(voyage))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_the_verdict_may_be_given_as_file_or_as_its_folder(voyage, tmp_path):
    given = places(voyage)
    render_report.run(tmp_path / "a.html", **given)
    render_report.run(tmp_path / "b.html", **(given | {"verdict": voyage / "verdict" / "verdict.json"}))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_pages_of_the_data_checks_are_linked_only_from_a_report_above_them(voyage, tmp_path):
    dataset = {"name": "val", "digest": "sha256:val", "n": 80}
    report = QualityReport({"dataset": dataset, "reference": None}, (), (), {"Drift": "drift.html"})
    for place, link in ((tmp_path / "out" / "quality", True), (tmp_path / "elsewhere", False)):
        place.mkdir(parents=True)
        report.write_into(place)
        render_report.run(tmp_path / "out" / "report.html", **(places(voyage) | {"quality": place}))
        html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        assert ('data-page="quality/drift.html"' in html) == link
        assert str(tmp_path) not in html


@pytest.mark.parametrize("part", ["evaluation", "baseline", "slices", "verdict", "quality"])
def test_a_missing_part_is_named_and_nothing_is_written(part, voyage, tmp_path):
    out = tmp_path / "report.html"
    with pytest.raises(InputError, match="nowhere"):
        render_report.run(out, **(places(voyage) | {part: tmp_path / "nowhere"}))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_leaves_the_old_report(voyage, tmp_path):
    out = tmp_path / "report.html"
    out.write_text("old")
    with pytest.raises(InputError):
        render_report.run(out, **(places(voyage) | {"slices": tmp_path}))
    assert out.read_text() == "old"


def test_the_verb_takes_the_same_parts_and_says_where_the_report_is(voyage, tmp_path):
    import typer

    app = typer.Typer()
    app.command()(verb)
    out = tmp_path / "report.html"
    options = [text for name, path in places(voyage).items() for text in (f"--{name}", str(path))]
    done = CliRunner().invoke(app, [*options, "--out", str(out), "--images", "2"])
    assert done.exit_code == 0, done.output
    assert "report of 0." in done.output
    assert out.read_text(encoding="utf-8").count('<img src="data:image/jpeg;base64,') <= 2

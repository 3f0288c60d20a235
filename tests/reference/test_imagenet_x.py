"""Real predictions of four published models on 46,110 images with human-labelled factors."""

import gzip
import json

import pandas as pd
import pytest

from seatrial.slices.report import SliceReport
from seatrial.statistics import Estimate
from seatrial.steps import decide_promotion, import_predictions, measure_slices, render_report

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]

MODELS = ("DINO", "ResNet50", "SimCLR", "ViT")

POLICY = """\
apiVersion: seatrial/v1
statistics: {alpha: 0.05, replicates: 1000, seed: 7}
defaults: {min_n: 20, on_inconclusive: warn, on_missing_slice: error}
slices:
%s
rules:
  - {id: overall, type: non_inferior, metric: accuracy, margin: 0.01, severity: block}
%s
"""


@pytest.fixture(scope="module")
def factors(shared_data, tmp_path_factory):
    """The table of images with their class and the one factor that stands out most."""
    folder = shared_data / "imagenet_x" / "annotations"
    with gzip.open(folder / "imagenet_x_val_top_factor.jsonl.gz", "rt") as lines:
        rows = pd.DataFrame(map(json.loads, lines)).drop(columns=["justification", "one_word"])
    prototypes = set(pd.read_csv(folder / "prototypical_paths.csv")["file_name"])
    rows = rows[~rows["file_name"].isin(prototypes)]
    path = tmp_path_factory.mktemp("imagenet_x") / "factors.parquet"
    rows.to_parquet(path, index=False)
    return path, [name for name in rows.columns if name not in {"file_name", "class"}]


@pytest.fixture(scope="module")
def policy(factors):
    _, names = factors
    slices = "\n".join(f"  {name}: {{where: '{name} == 1'}}" for name in names)
    rules = "\n".join(
        f"  - {{id: {name}, type: no_regression, metric: accuracy, slice: {name}, severity: block}}"
        for name in names
    )
    path = factors[0].with_name("policy.yaml")
    path.write_text(POLICY % (slices, rules))
    return path


@pytest.fixture(scope="module")
def evaluations(shared_data, factors):
    folder = factors[0].parent
    for model in MODELS:
        predictions = shared_data / "imagenet_x" / "model_predictions" / f"{model}.csv"
        import_predictions.run(
            f"{predictions}?id=file_name&prediction=predicted_class&confidence=predicted_probability",
            f"table:{factors[0]}?image=&id=file_name&label=class&classes=0..999",
            folder / model,
        )
    return folder


def _published(shared_data, model):
    """Error ratios per factor as the data set's authors print them; the table's last cell is cut off."""
    lines = (shared_data / "imagenet_x" / "README.md").read_text().splitlines()
    rows = lines[lines.index("#### Error ratios") :]
    header, row = (
        next(
            [cell.strip() for cell in line.split("|")[2:18]] for line in rows if line.startswith(f"| {name} ")
        )
        for name in ("model", model)
    )
    return {factor: text for factor, text in zip(header, row, strict=True) if text}


def _accuracy(report: SliceReport, slice_: str) -> float:
    row = report.find(slice_, "accuracy")
    assert row is not None
    assert isinstance(row.candidate, Estimate)
    return row.candidate.value


@pytest.mark.parametrize("model", MODELS)
def test_the_error_ratio_of_every_factor_is_the_published_one(
    model, evaluations, factors, policy, shared_data
):
    report = measure_slices.run(evaluations / model, evaluations / f"{model}-slices", policy=policy)
    errors = 1 - _accuracy(report, "all")
    published = _published(shared_data, model)
    assert len(published) >= len(factors[1]) - 1
    for factor, text in published.items():
        ratio = (1 - _accuracy(report, factor)) / errors
        assert f"{ratio:.6g}" == text, factor


@pytest.mark.parametrize("model", MODELS)
def test_the_accuracy_on_every_factor_is_the_published_one(model, evaluations, factors, policy, shared_data):
    report = measure_slices.run(evaluations / model, evaluations / f"{model}-slices", policy=policy)
    table = pd.read_csv(
        shared_data / "imagenet_x" / "published" / "accuracies_per_factor.csv", index_col="model"
    )
    for factor in factors[1]:
        assert _accuracy(report, factor) == pytest.approx(table.loc[model, factor], abs=1e-12), factor


def test_vit_against_resnet50_is_judged_and_explained(evaluations, policy, tmp_path):
    measure_slices.run(
        evaluations / "ViT", tmp_path / "slices", baseline=evaluations / "ResNet50", policy=policy
    )
    verdict = decide_promotion.run(policy, tmp_path / "slices", tmp_path / "verdict")
    assert {decision.rule: str(decision.outcome) for decision in verdict.decisions}["overall"] == "pass"
    render_report.run(
        tmp_path / "report.html",
        evaluation=evaluations / "ViT",
        baseline=evaluations / "ResNet50",
        slices=tmp_path / "slices",
        verdict=tmp_path / "verdict" / "verdict.json",
    )
    page = (tmp_path / "report.html").read_text()
    for decision in verdict.decisions:
        assert decision.rule in page

"""Every component's function run as it is, on real files, with Kubeflow's own artifact types."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from kfp import dsl
from onnx import TensorProto, helper
from PIL import Image

from seatrial_components.enforcement import NotPassedError
from seatrial_components.readme import load_component

CLASSES = ("blue", "green", "red")
OPTIONS = {"classes": ["red", "green", "blue"], "preprocess": {"resize": None, "crop": None}}
POLICY = """\
apiVersion: seatrial/v1
baseline: {on_missing: skip}
statistics: {replicates: 20}
defaults: {min_n: 2}
slices: {brightness: {by: {brightness: {bins: quantile, n: 2}}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.5, use: point, severity: block}
  - {id: worse, type: no_regression, metric: accuracy, slice: brightness, severity: block}
"""


def call(name: str, /, **arguments):
    return load_component(name).python_func(**arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("components")


@pytest.fixture(scope="module")
def dataset(folder) -> str:
    generator = np.random.default_rng(3)
    for index, name in enumerate(("red", "green", "blue")):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(6):
            pixels = generator.integers(0, 100, (8, 8, 3))
            pixels[:, :, index] += 100 + number * 5
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name / f"{number}.png")
    return f"images:{folder / 'images'}"


@pytest.fixture(scope="module")
def model(folder) -> str:
    """A network that says which channel is brightest."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "brightest", [image], [logits])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(made, folder / "model.onnx")
    return str(folder / "model.onnx")


@pytest.fixture(scope="module")
def made(folder, dataset, model) -> SimpleNamespace:
    """Run the components one after the other, as the pipeline does, without a champion."""
    artifacts = SimpleNamespace(
        policy_file=dsl.Artifact(uri=str(folder / "policy")),
        evaluation=dsl.Dataset(uri=str(folder / "evaluation")),
        absent=dsl.Dataset(uri=str(folder / "absent")),
        quality=dsl.Artifact(uri=str(folder / "quality")),
        explanations=dsl.Artifact(uri=str(folder / "explanations")),
        unexplained=dsl.Artifact(uri=str(folder / "unexplained")),
        page=dsl.HTML(uri=str(folder / "page.html")),
        absent_page=dsl.HTML(uri=str(folder / "absent_page.html")),
        blind_spots=dsl.Artifact(uri=str(folder / "blind_spots")),
        spots=dsl.Markdown(uri=str(folder / "spots.md")),
        slices=dsl.Artifact(uri=str(folder / "slices")),
        verdict=dsl.Artifact(uri=str(folder / "verdict")),
        report=dsl.HTML(uri=str(folder / "report")),
        figures=dsl.Artifact(uri=str(folder / "figures")),
        summary=dsl.Markdown(uri=str(folder / "summary")),
        confusion=dsl.ClassificationMetrics(),
        metrics={},
    )
    resolved = call(
        "resolve_inputs", model=model, dataset=dataset, policy=POLICY, policy_file=artifacts.policy_file
    )
    artifacts.resolved = resolved

    def metrics(name: str) -> dsl.Metrics:
        artifacts.metrics[name] = dsl.Metrics()
        return artifacts.metrics[name]

    call(
        "evaluate_model",
        model=resolved.model,
        dataset=dataset,
        options=json.dumps(OPTIONS),
        evaluation=artifacts.evaluation,
        metrics=metrics("evaluation"),
        workers=1,
    )
    call(
        "evaluate_model",
        model=resolved.baseline,
        dataset=dataset,
        evaluation=artifacts.absent,
        metrics=metrics("absent"),
    )
    call(
        "check_data",
        dataset=dataset,
        evaluation=artifacts.evaluation,
        quality=artifacts.quality,
        metrics=metrics("quality"),
        page=dsl.HTML(uri=str(folder / "quality.html")),
        summary=dsl.Markdown(uri=str(folder / "quality.md")),
    )
    call(
        "explain_errors",
        evaluation=artifacts.evaluation,
        model=resolved.model,
        dataset=dataset,
        options=json.dumps(OPTIONS),
        explanations=artifacts.explanations,
        metrics=metrics("explanations"),
        page=artifacts.page,
        workers=1,
    )
    call(
        "explain_errors",
        evaluation=artifacts.absent,
        model=resolved.baseline,
        dataset=dataset,
        explanations=artifacts.unexplained,
        metrics=metrics("unexplained"),
        page=artifacts.absent_page,
    )
    call(
        "find_blind_spots",
        evaluation=artifacts.evaluation,
        baseline=artifacts.absent,
        explanations=artifacts.explanations,
        blind_spots=artifacts.blind_spots,
        metrics=metrics("blind spots"),
        page=artifacts.spots,
    )
    call(
        "measure_slices",
        evaluation=artifacts.evaluation,
        baseline=artifacts.absent,
        policy_file=artifacts.policy_file,
        slices=artifacts.slices,
        metrics=metrics("slices"),
        confusion=artifacts.confusion,
        explanations=artifacts.explanations,
        baseline_explanations=artifacts.unexplained,
    )
    artifacts.outcome = call(
        "decide_promotion",
        policy_file=artifacts.policy_file,
        slices=artifacts.slices,
        quality=artifacts.quality,
        verdict=artifacts.verdict,
        metrics=metrics("verdict"),
        summary=artifacts.summary,
    )
    call(
        "render_report",
        evaluation=artifacts.evaluation,
        baseline=artifacts.absent,
        slices=artifacts.slices,
        verdict=artifacts.verdict,
        quality=artifacts.quality,
        report=artifacts.report,
        figures=artifacts.figures,
        blind_spots=artifacts.blind_spots,
    )
    return artifacts


def test_blind_spots_are_shown_or_it_is_said_that_there_are_none(made, folder):
    written = {path.name for path in (folder / "blind_spots").iterdir()}
    assert {"blind_spots.json", "proposed_slices.yaml", "causes.parquet", "groups.parquet"} <= written
    assert made.metrics["blind spots"].metadata["units"] == 18
    assert (folder / "spots.md").read_text().startswith("# Blind spots of ")


def test_inputs_are_pinned(made, model, folder):
    assert made.resolved.model == model
    assert made.resolved.model_digest.startswith("sha256:")
    assert made.resolved.dataset_digest.startswith("sha256:")
    assert (made.resolved.baseline, made.resolved.reference_digest) == ("", "")
    assert (folder / "policy").read_text() == POLICY


def test_model_that_can_change_unseen_is_never_cached(dataset, tmp_path):
    def digest(model: str) -> str:
        artifact = dsl.Artifact(uri=str(tmp_path / "policy"))
        resolved = call("resolve_inputs", model=model, dataset=dataset, policy=POLICY, policy_file=artifact)
        return resolved.model_digest

    assert digest("python:shop.models:build") != digest("python:shop.models:build")


def test_evaluation_shows_its_accuracy(made):
    assert made.metrics["evaluation"].metadata == {"images": 18, "failed images": 0, "accuracy": 1.0}


def test_absent_champion_is_shown_as_no_images(made):
    assert made.metrics["absent"].metadata == {"images": 0}


def test_data_checks_show_their_findings(made):
    assert made.metrics["quality"].metadata["broken"] == 0


def test_explanations_are_counted_and_shown_as_a_page(made, folder):
    assert made.metrics["explanations"].metadata == {"explanations": 18, "drawn with a core": 0}
    assert (folder / "page.html").read_text() == (folder / "explanations" / "explanations.html").read_text()


def test_an_absent_champion_is_not_explained(made):
    assert made.metrics["unexplained"].metadata == {"explanations": 0}


def test_slices_show_metrics_and_a_square_confusion_matrix(made):
    shown = made.metrics["slices"].metadata
    assert shown["accuracy"] == 1.0
    assert shown["slices"] == 3
    rows = [row["row"] for row in made.confusion.metadata["confusionMatrix"]["rows"]]
    assert np.trace(np.array(rows)) == 18


def test_outcome_is_a_simple_word(made):
    assert made.outcome == "pass"


def test_verdict_is_shown_as_markdown(made, folder):
    assert (folder / "summary").read_text() == (folder / "verdict" / "verdict.md").read_text()


def test_report_is_one_page(folder, made):
    assert (folder / "report").read_text().lstrip().lower().startswith("<!doctype html>")


def test_pass_lets_the_run_succeed(made):
    call("enforce", verdict=made.verdict)


def test_refusal_fails_the_run(made, folder):
    refused = folder / "refused"
    refused.mkdir(exist_ok=True)
    passed = (folder / "verdict" / "verdict.json").read_text()
    text = passed.replace('"outcome":"pass"', '"outcome":"fail"').replace(
        '"blocking":false', '"blocking":true'
    )
    (refused / "verdict.json").write_text(text)
    with pytest.raises(NotPassedError, match="the verdict is fail"):
        call("enforce", verdict=dsl.Artifact(uri=str(refused)))


def test_without_a_registered_model_nothing_is_promoted(made):
    assert call("promote_model", verdict=made.verdict).outcome == "none"


def test_imported_predictions_are_an_evaluation(dataset, folder, tmp_path):
    with (tmp_path / "predictions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "prediction"])
        for path in sorted((folder / "images").glob("*/*.png")):
            writer.writerow([f"{path.parent.name}/{path.name}", "red"])
    metrics = dsl.Metrics()
    call(
        "import_predictions",
        predictions=dsl.Dataset(uri=str(tmp_path / "predictions.csv")),
        dataset=dataset,
        evaluation=dsl.Dataset(uri=str(tmp_path / "evaluation")),
        metrics=metrics,
        name="always red",
    )
    assert metrics.metadata["accuracy"] == pytest.approx(1 / 3)
    header = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    assert header["model"] == "always red"


def test_merged_shards_are_the_whole(made, dataset, model, folder, tmp_path):
    shards = [dsl.Dataset(uri=str(tmp_path / str(index))) for index in range(3)]
    for index, shard in enumerate(shards):
        call(
            "evaluate_model",
            model=model,
            dataset=dataset,
            options=json.dumps(OPTIONS),
            evaluation=shard,
            metrics=dsl.Metrics(),
            shard=f"{index}/3",
            workers=1,
        )
    whole = dsl.Dataset(uri=str(tmp_path / "whole"))
    call("merge_shards", shards=shards, evaluation=whole, metrics=dsl.Metrics())
    for name in ("samples.parquet", "scores.parquet", "evaluation.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (folder / "evaluation" / name).read_bytes()


def test_publishing_without_a_server_says_what_to_name(made, monkeypatch):
    from seatrial.errors import InputError

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="no MLflow server is named"):
        call(
            "publish_run",
            verdict=made.verdict,
            slices=made.slices,
            quality=made.quality,
            report=made.report,
            evaluation=made.evaluation,
            policy_file=made.policy_file,
        )

"""``mlflow.models.evaluate`` with the evaluator ``seatrial``, on real predictions and real models."""

import re
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models.evaluation.base import resolve_evaluators_and_configs

from seatrial.errors import InputError
from seatrial_mlflow.evaluator import SeatrialEvaluator

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "evaluate-in-mlflow.md"
POLICY = """
apiVersion: seatrial/v1
statistics: {replicates: 50}
defaults: {min_n: 3}
slices: {site: {by: [site]}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.5, use: point, severity: block}
  - {id: sites, type: min, metric: accuracy, slice: site, value: 0.7, use: point, severity: block}
"""

pytestmark = [
    pytest.mark.usefixtures("tracking"),
    # MLflow advises on its own models
    pytest.mark.filterwarnings(r"ignore:[\s\S]*type hint:UserWarning"),
]


@pytest.fixture(autouse=True)
def experiment(tracking, monkeypatch):
    """Let MLflow's fluent functions log to the test's server."""
    mlflow.set_tracking_uri(tracking)
    mlflow.set_experiment("evaluator")
    yield
    mlflow.set_tracking_uri(None)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)


@pytest.fixture
def data():
    """Sixty predictions: all right at one site, half wrong at the other."""
    truth = np.array(["cat", "dog"] * 30)
    site = np.repeat(["north", "south"], 30)
    wrong = (site == "south") & (np.arange(60) % 2 == 0)
    return pd.DataFrame(
        {
            "truth": truth,
            "said": np.where(wrong, "dog", truth),
            "site": site,
            "sure": 0.75,
            "light": range(60),
        }
    )


@pytest.fixture
def policy(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    return str(tmp_path / "policy.yaml")


def evaluate(data, **config):
    return mlflow.models.evaluate(
        data=data,
        targets="truth",
        predictions="said",
        model_type="classifier",
        evaluators="seatrial",
        evaluator_config=config if "policy" in config else {"replicates": 20, **config},
    )


def test_five_lines_measure_every_column_as_slices(data):
    result = evaluate(data)
    assert result.metrics["accuracy"] == 0.75
    assert result.metrics["slice/accuracy/site/north"] == 1.0
    assert result.metrics["slice/accuracy/site/south"] == 0.5
    assert [key for key in result.metrics if key.startswith("slice/accuracy/light/")]
    table = result.tables["slices"]
    assert table[(table["slice"] == "site=south") & (table["metric"] == "accuracy")]["value"].tolist() == [
        0.5
    ]
    assert "verdict" not in result.artifacts


def test_a_policy_makes_it_a_gate(data, policy, client):
    with mlflow.start_run() as run:
        result = evaluate(data, policy=policy, metadata=["site"], confidence="sure", name="animals")
    assert result.artifacts["verdict"].content["outcome"] == "fail"
    assert result.artifacts["verdict"].content["inputs"]["dataset"]["name"] == "animals"
    assert (result.metrics["verdict/promotes"], result.metrics["verdict/blocking"]) == (0, 1)
    logged = client.get_run(run.info.run_id)
    assert logged.data.metrics == result.metrics
    assert logged.data.tags["seatrial.verdict"] == "fail"
    assert logged.data.tags["mlflow.note.content"].startswith("**FAIL**: slice site=south")
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert names == {"report.html", "slices", "slices.json", "verdict"}


def test_what_people_wrote_about_their_run_stays(data, policy, client):
    with mlflow.start_run(description="my own words") as run:
        evaluate(data, policy=policy, metadata=["site"])
    assert client.get_run(run.info.run_id).data.tags["mlflow.note.content"] == "my own words"


def test_a_champion_is_a_column(data):
    data["before"] = "cat"
    result = evaluate(data, champion="before")
    assert result.metrics["vs_champion/accuracy"] == 0.25
    assert result.metrics["vs_champion/accuracy/site/north"] == 0.5


@pytest.fixture
def oracle():
    """Log a model that gives its two pixels as probabilities, and trips over any other column."""

    class Oracle(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input: pd.DataFrame):
            assert list(model_input.columns) == ["cat", "dog"]
            return model_input.to_numpy()

    with mlflow.start_run():
        return mlflow.pyfunc.log_model(name="oracle", python_model=Oracle(), pip_requirements=["mlflow"])


def test_a_model_sees_its_features_only_and_gets_the_metrics(data, client, oracle):
    pixels = pd.DataFrame({"cat": (data["said"] == "cat") * 1.0, "dog": (data["said"] == "dog") * 1.0})
    frame = pixels.assign(truth=data["truth"], site=data["site"])
    result = mlflow.models.evaluate(
        oracle.model_uri,
        frame,
        targets="truth",
        model_type="classifier",
        evaluators="seatrial",
        evaluator_config={"metadata": ["site"], "classes": ["cat", "dog"], "champion": oracle.model_uri},
    )
    assert result.metrics["accuracy"] == 0.75
    assert result.metrics["vs_champion/accuracy"] == 0
    assert "log_loss" in result.metrics, "probabilities were given"
    of_the_model = {one.key: one.value for one in client.get_logged_model(oracle.model_id).metrics}
    assert of_the_model["slice/accuracy/site/south"] == 0.5


def test_nobody_who_did_not_ask_gets_it():
    def takes_part(evaluators, config):
        found = resolve_evaluators_and_configs(evaluators, config, "classifier")
        return "seatrial" in [one.name for one in found]

    assert not takes_part(None, None)
    assert not takes_part(None, {"metric_prefix": "val_"})
    assert takes_part(None, {"policy": "policy.yaml"})
    assert takes_part(None, {"seatrial": {"policy": "policy.yaml"}})
    assert takes_part("seatrial", None)
    assert takes_part(["default", "seatrial"], None)


@pytest.mark.parametrize("model_type", ["regressor", "text", None])
def test_other_kinds_of_models_are_left_to_others(model_type):
    assert not SeatrialEvaluator().can_evaluate(model_type=model_type, evaluator_config={"policy": "p"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"polcy": "p"}, "unknown key 'polcy'; expected one of policy.*policy"),
        ({"policy": "gone.yaml"}, "cannot read policy gone.yaml"),
        ({"metadata": ["place"]}, "expected the columns 'place'; columns are 'site', 'sure', 'light'"),
        ({"champion": "before"}, "champion 'before': expected a column of the data, or models:/"),
        ({"confidence": "light", "metadata": ["site"]}, r"expected a number in \[0, 1\], got 2.0"),
        ({"id": "site"}, "id 'north' was predicted in row 1 already"),
        ({"classes": ["cat"]}, "expected one of 'cat', got 'dog'"),
    ],
)
def test_what_cannot_be_used_is_one_line(data, config, message):
    with pytest.raises(InputError, match=message) as caught:
        evaluate(data, **config)
    assert "\n" not in str(caught.value)


@pytest.fixture
def boxes():
    """Twelve images with a car each: found by day, missed at night, where a bush is taken for one."""
    truth = [[{"bbox": [10, 10, 40, 30], "category": "car"}] for _ in range(12)]
    found = [
        [{"bbox": [12, 10, 40, 30] if day else [80, 60, 20, 20], "category": "car", "score": 0.9}]
        for day in (True, False) * 6
    ]
    return pd.DataFrame(
        {"truth": truth, "said": found, "light": ["day", "night"] * 6, "width": 100, "height": 90}
    )


def detect(boxes, **config):
    return mlflow.models.evaluate(
        data=boxes,
        targets="truth",
        predictions="said",
        model_type="object-detection",
        evaluators="seatrial",
        evaluator_config={"replicates": 20, **config},
    )


def test_boxes_are_judged_by_the_metrics_of_detection(boxes):
    boxes["before"] = boxes["truth"].map(lambda cell: [{**one, "score": 0.8} for one in cell])
    result = detect(boxes, champion="before", metadata=["light", "width", "height"])
    assert result.metrics["slice/map_50/light/day"] == 1
    assert result.metrics["slice/map_50/light/night"] == 0
    assert 0 < result.metrics["map_50"] < 1
    assert result.metrics["vs_champion/map_50"] == result.metrics["map_50"] - 1
    assert "image_id=0" not in set(result.tables["slices"]["slice"])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("none", "predictions, row 3: expected a list of objects, got str"),
        ([{"bbox": [1, 2], "category": "car"}], r"row 3: expected 'bbox' as \[x, y, width, height\] in"),
        ([{"bbox": [1, 2, 3, 4]}], "row 3: expected a 'category' in"),
        ([{"bbox": [1, 2, 3, 4], "category": "bus", "score": 1}], "expected a category of 'car', got 'bus'"),
        ([{"bbox": [1, 2, 3, 4], "category": "car"}], "row 3: expected a 'score' in"),
        ([{"bbox": [1, 2, 3, 4], "category": "car", "score": 7}], r"expected scores in \[0, 1\]"),
    ],
)
def test_boxes_that_are_none_are_named(boxes, cell, message):
    boxes.at[3, "said"] = cell
    with pytest.raises(InputError, match=message) as caught:
        detect(boxes)
    assert "\n" not in str(caught.value)


def test_columns_of_mixed_kinds_are_named(data):
    data["odd"] = ["a", 1] * 30
    with pytest.raises(InputError, match="column 'odd': expected text, numbers"):
        evaluate(data)


def test_the_how_to_does_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```(python|yaml)\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    script = "".join(text for language, text in blocks if language == "python")
    ((_, policy),) = [one for one in blocks if one[0] == "yaml"]
    (tmp_path / "policy.yaml").write_text(policy)
    known = {}
    exec(compile(script, str(HOW_TO), "exec"), known)
    printed = capsys.readouterr().out
    assert 0.85 < known["result"].metrics["accuracy"] < 1
    assert "\npass\n" in printed

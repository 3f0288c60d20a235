"""From a model in MLflow to an alias that moves, through the real steps."""

import numpy as np
import pytest
from PIL import Image

from seatrial.inference import ModelOptions
from seatrial.steps import decide_promotion, evaluate_model, measure_slices
from seatrial_mlflow import promote_model, publish_run

POLICY = """
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: skip}
statistics: {replicates: 50}
defaults: {min_n: 3}
slices:
  brightness: {by: {brightness: {bins: quantile, n: 2}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.0, use: point, severity: block}
"""


@pytest.fixture
def images(tmp_path):
    """Twelve small images of three classes."""
    generator = np.random.default_rng(7)
    for label in ("sound", "cracked", "unsure"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / label / f"{number}.png")
    return f"images:{tmp_path / 'images'}"


@pytest.mark.usefixtures("tracking")
def test_a_logged_model_becomes_the_champion_and_its_successor_is_compared_with_it(
    client, logged, images, tmp_path
):
    (tmp_path / "policy.yaml").write_text(POLICY)
    for number, kind in enumerate(("export", "pickle")):
        folder = tmp_path / str(number)
        options = ModelOptions(trust_pickle=kind == "pickle")
        evaluate_model.run(logged.uri(kind), images, folder / "candidate", options=options, device="cpu")
        baseline = None
        if number:
            baseline = folder / "champion"
            evaluate_model.run("models:/voyage@champion", images, baseline, device="cpu")
        measure_slices.run(
            folder / "candidate", folder / "slices", baseline=baseline, policy=tmp_path / "policy.yaml"
        )
        decide_promotion.run(tmp_path / "policy.yaml", folder / "slices", folder / "verdict")
        published = publish_run.run(folder / "verdict", folder / "slices", evaluation=folder / "candidate")
        promotion = promote_model.run(folder / "verdict", name="voyage", evaluation_run=published.run_id)
        assert (promotion.version, promotion.changed) == (str(number + 1), True)
    run = client.get_run(published.run_id)
    assert run.data.tags["mlflow.parentRunId"] == logged.run_id
    assert {"accuracy", "vs_champion/accuracy", "verdict/pass"} <= set(run.data.metrics)
    assert [key for key in run.data.metrics if key.startswith("slice/accuracy/brightness/")]
    assert str(client.get_model_version_by_alias("voyage", "champion").version) == "2"
    assert "registered_by" in client.get_model_version("voyage", "2").tags, "the trigger leaves it alone"

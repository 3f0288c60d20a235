"""Four published models on 46,110 images: the factors known to hurt each come out on top."""

import gzip
import json

import pandas as pd
import pytest

from seatrial.evaluation import EvaluationTable
from seatrial.mining.blind_spots import SearchOptions, find_blind_spots
from seatrial.mining.importance import attribute_importance, curves
from seatrial.steps import import_predictions

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]

MODELS = ("DINO", "ResNet50", "SimCLR", "ViT")


@pytest.fixture(scope="module")
def evaluations(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imagenet_x")
    annotations = shared_data / "imagenet_x" / "annotations"
    with gzip.open(annotations / "imagenet_x_val_top_factor.jsonl.gz", "rt") as lines:
        rows = pd.DataFrame(map(json.loads, lines)).drop(columns=["justification", "one_word"])
    prototypes = set(pd.read_csv(annotations / "prototypical_paths.csv")["file_name"])
    rows[~rows["file_name"].isin(prototypes)].to_parquet(folder / "factors.parquet", index=False)
    for model in MODELS:
        predictions = shared_data / "imagenet_x" / "model_predictions" / f"{model}.csv"
        import_predictions.run(
            f"{predictions}?id=file_name&prediction=predicted_class&confidence=predicted_probability",
            f"table:{folder / 'factors.parquet'}?image=&id=file_name&label=class&classes=0..999",
            folder / model,
        )
    return folder


def ratios(shared_data, model):
    """How often images of each factor are wrong, over how often all are, as its authors publish."""
    table = pd.read_csv(
        shared_data / "imagenet_x" / "published" / "accuracies_per_factor.csv", index_col="model"
    )
    row = table.loc[model].drop("average")
    return (1 - row) / (1 - table.loc[model, "average"])


@pytest.mark.parametrize("model", MODELS)
def test_the_factors_known_to_hurt_are_the_top_attributes_and_groups(model, evaluations, shared_data):
    table = EvaluationTable.read(evaluations / model)
    found = find_blind_spots(table, SearchOptions())
    published = ratios(shared_data, model)[[axis.name for axis in found.axes.axes]]
    failures = found.failures
    importance = attribute_importance(found.axes, failures, found.confirming, confidence=0.95, seed=7)
    along = {one.attribute: one for one in curves(found.axes, failures, 0.95)}
    # each factor's curve is what is published
    whole = failures.error.mean()
    for factor, ratio in published.items():
        points = {point.label: point for point in along[factor].points}
        assert points["1"].value / whole == pytest.approx(ratio, rel=1e-6), factor
    # the values that hurt most for certain are the factors of the highest published error ratios
    common = [name for name in published.index if along[name].points[-1].n >= 500]
    ranked = [name for name in along if name in common and along[name].worst.label == "1"]
    expected = published[common].sort_values(ascending=False)
    assert set(ranked[:3]) == set(expected.index[:3])
    assert all(
        published[name] > 1 for name in along if along[name].harm > 0 and along[name].worst.label == "1"
    )
    # factors that protect are told by their absence, and matter most together
    assert along["pose"].worst.label == "0"
    assert importance[0].attribute == "pose"
    assert importance[0].low > 0.03
    assert all(one.confirmed for one in found.groups[:2])

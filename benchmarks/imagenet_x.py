"""ViT against ResNet-50 on ImageNet-X, as far as the data is at hand."""

import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.row import Row, seconds
from seatrial.evaluation import EvaluationTable
from seatrial.slices.measure import MeasureOptions, measure
from seatrial.slices.spec import SliceSpec
from seatrial.steps import import_predictions

_DATA = Path(__file__).parents[2] / "shared" / "data" / "imagenet_x"


def rows() -> Iterator[Row]:
    """Import two models' predictions and compare them on 16 factors with 1,000 replicates."""
    if not _DATA.is_dir():
        return
    with gzip.open(_DATA / "annotations" / "imagenet_x_val_top_factor.jsonl.gz", "rt") as lines:
        table = pd.DataFrame(map(json.loads, lines)).drop(columns=["justification", "one_word"])
    factors = [name for name in table.columns if name not in {"file_name", "class"}]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table.to_parquet(folder / "factors.parquet", index=False)

        def load(model: str) -> EvaluationTable:
            return import_predictions.run(
                f"{_DATA}/model_predictions/{model}.csv"
                "?id=file_name&prediction=predicted_class&confidence=predicted_probability",
                f"table:{folder}/factors.parquet?image=&id=file_name&label=class&classes=0..999",
                folder / model,
            )

        vit, resnet = load("ViT"), load("ResNet50")
        specs = {name: SliceSpec.model_validate({"where": f"{name} == 1"}) for name in factors}
        took, spread = seconds(lambda: measure(vit, resnet, specs, MeasureOptions()))
    yield Row(
        f"ViT against ResNet-50, {len(table):,} images, {len(factors)} factors, 1,000 replicates",
        f"{took:.1f} s ({spread:.1f})",
        "—",
        "—",
        "published accuracies and error ratios, in `tests/reference`",
    )

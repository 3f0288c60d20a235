"""A small real case: images of two kinds at two sites, a sound model, one that fails at a site, a server."""

import csv
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from seatrial_pipelines.commands import register

SIDE = 16
PER_CELL = 16
CLASSES = ["dark", "light"]
OPTIONS = {
    "classes": CLASSES,
    "preprocess": {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]},
}

POLICY = """\
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: skip}
statistics: {replicates: 100}
defaults: {min_n: 10}
slices:
  site: {by: [site]}
rules:
  - {id: floor, type: min, metric: accuracy, slice: site, value: 0.7, severity: block}
  - {id: sites, type: no_regression, metric: accuracy, slice: site, severity: block}
  - {id: whole, type: data, check: broken, max_count: 0, severity: block}
"""


@pytest.fixture
def program():
    """The verbs of this package, callable: ``program("init", "folder")``."""
    app = typer.Typer()
    register(app)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@dataclass(frozen=True)
class Case:
    """Everything that a run needs.

    Attributes:
        dataset: Specification of the images.
        server: MLflow's address.
        training_run: Run that logged both models.
        models: URI by name: ``sound``, ``tinted``.
    """

    dataset: str
    server: str
    training_run: str
    models: dict[str, str]

    def write_config(self, folder: Path, model: str, registered_model: str, **more: str) -> Path:
        """Write policy and configuration for one of the models."""
        (folder / "policy.yaml").write_text(POLICY)
        lines = [
            f"model: {self.models[model]}",
            f"dataset: '{self.dataset}'",
            "policy: policy.yaml",
            f"mlflow: {{tracking_uri: '{self.server}', registered_model: '{registered_model}'}}",
            "out: out",
            *(f"{key}: {value}" for key, value in more.items()),
        ]
        path = folder / "seatrial.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path


def write_images(folder: Path) -> Path:
    """Write 64 images and their table; at site B everything has a red tint. The folder is called python3."""
    generator = np.random.default_rng(7)
    images = folder / "python3 data"
    images.mkdir(parents=True)
    rows = []
    for site in ("A", "B"):
        for label, level in (("dark", 60), ("light", 190)):
            for number in range(PER_CELL):
                pixels = generator.normal(level, 20, (SIDE, SIDE, 3))
                if site == "B":
                    pixels[:, :, 0] = generator.normal(230, 10, (SIDE, SIDE))
                name = f"{site}-{label}-{number}.png"
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(images / name)
                rows.append({"image": name, "label": label, "site": site})
    with (images / "val.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["image", "label", "site"])
        writer.writeheader()
        writer.writerows(rows)
    return images / "val.csv"


def _network(weights: tuple[float, float, float]):
    """Compare a weighted mean of the channels with one half."""
    import torch

    linear = torch.nn.Linear(3, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[-w for w in weights], weights]) * 20)
        linear.bias.copy_(torch.tensor([10.0, -10.0]))
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), linear).eval()


def _log(server: str) -> tuple[str, dict[str, str]]:
    import mlflow

    example = np.zeros((2, 3, SIDE, SIDE), dtype=np.float32)
    networks = {"sound": _network((0.0, 0.5, 0.5)), "tinted": _network((1.0, 0.0, 0.0))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own defaults
        mlflow.set_tracking_uri(server)
        try:
            mlflow.set_experiment("panels")
            with mlflow.start_run(run_name="train") as run:
                logged = {
                    name: mlflow.pytorch.log_model(
                        network,
                        name=name,
                        input_example=example,
                        serialization_format="pt2",
                        metadata={"seatrial": OPTIONS},
                        pip_requirements=["torch"],
                    )
                    for name, network in networks.items()
                }
        finally:
            mlflow.set_tracking_uri(None)
    return run.info.run_id, {name: f"models:/{info.model_id}" for name, info in logged.items()}


@pytest.fixture(scope="session")
def case(server, tmp_path_factory) -> Case:
    table = write_images(tmp_path_factory.mktemp("panels"))
    run_id, models = _log(server)
    return Case(f"table:{table}", server, run_id, models)

"""A small real case, made in the evaluation image: images of two kinds at two sites, two models in MLflow.

One model is sound, the other fails at site B, where everything has a red tint. Run as
``python case.py FOLDER TRACKING_URI``; writes the images, their table and ``models.json`` (URI by name).
"""

import csv
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SIDE = 16
PER_CELL = 16
OPTIONS = {
    "classes": ["dark", "light"],
    "preprocess": {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]},
}


def write_images(folder: Path) -> None:
    """Write 64 images and their table."""
    generator = np.random.default_rng(7)
    rows = []
    for site in ("A", "B"):
        for label, level in (("dark", 60), ("light", 190)):
            for number in range(PER_CELL):
                pixels = generator.normal(level, 20, (SIDE, SIDE, 3))
                if site == "B":
                    pixels[:, :, 0] = generator.normal(230, 10, (SIDE, SIDE))
                name = f"{site}-{label}-{number}.png"
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name)
                rows.append({"image": name, "label": label, "site": site})
    write_table(folder / "val.csv", rows)
    write_table(
        folder / "predictions.csv", [{"id": one["image"], "prediction": one["label"]} for one in rows]
    )


def write_pool(folder: Path) -> None:
    """Write 24 images without labels, half of them with the red tint."""
    generator = np.random.default_rng(8)
    folder.mkdir()
    for number in range(24):
        pixels = generator.normal((60, 190)[number % 2], 20, (SIDE, SIDE, 3))
        if number < 12:
            pixels[:, :, 0] = generator.normal(230, 10, (SIDE, SIDE))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02}.png")


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a table."""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def network(weights: tuple[float, float, float]) -> torch.nn.Module:
    """Compare a weighted mean of the channels with one half."""
    linear = torch.nn.Linear(3, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[-w for w in weights], weights]) * 20)
        linear.bias.copy_(torch.tensor([10.0, -10.0]))
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), linear).eval()


def log_models(tracking_uri: str) -> dict[str, str]:
    """Log both models; gives their URIs."""
    import mlflow

    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment("panels")
    found = {}
    with mlflow.start_run(run_name="train"):
        for name, weights in {"sound": (0.0, 0.5, 0.5), "tinted": (1.0, 0.0, 0.0)}.items():
            logged = mlflow.pytorch.log_model(
                network(weights),
                name=name,
                input_example=np.zeros((2, 3, SIDE, SIDE), dtype=np.float32),
                serialization_format="pt2",
                metadata={"seatrial": OPTIONS},
                pip_requirements=["torch"],
            )
            found[name] = f"models:/{logged.model_id}"
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # MLflow warns of its own defaults
    folder = Path(sys.argv[1])
    write_images(folder)
    write_pool(folder / "pool")
    (folder / "models.json").write_text(json.dumps(log_models(sys.argv[2])))

"""Make a small project from scikit-learn's handwritten digits: real images, a champion and a candidate.

    python examples/digits.py my-digits

writes the images with a table of metadata for training and for testing, and two trained models as ``.pt2``
files: ``champion.pt2``, and ``candidate.pt2``, which has seen four times as many digits.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

SIDE = 32


def write_images(folder: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Write 1,797 PNGs of 32×32 pixels; gives their table, pixels in [0, 1] and labels."""
    digits = load_digits()
    (folder / "images").mkdir(parents=True, exist_ok=True)
    names, pixels = [], []
    for number, image in enumerate(digits.images):
        picture = Image.fromarray((image * 255 / 16).astype(np.uint8)).resize(
            (SIDE, SIDE), Image.Resampling.BILINEAR
        )
        name = f"images/{number:04d}.png"
        picture.save(folder / name)
        names.append(name)
        pixels.append(np.asarray(picture, dtype=np.float32) / 255)
    table = pd.DataFrame({"image": names, "label": digits.target})
    table["ink"] = [["thin", "bold"][int(picture.mean() > 0.3)] for picture in pixels]  # noqa: PLR2004
    return table, np.stack(pixels), digits.target


class Classifier(torch.nn.Module):
    """A linear classifier of grey values, from images (batch, 3, 32, 32) to (logits, embeddings)."""

    def __init__(self, fitted: LogisticRegression) -> None:
        super().__init__()
        self.head = torch.nn.Linear(SIDE * SIDE, len(fitted.classes_))
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(fitted.coef_))
            self.head.bias.copy_(torch.tensor(fitted.intercept_))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Classify a batch."""
        grey = images.mean(1).flatten(1)
        return self.head(grey), grey


def write_model(path: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    """Train a model and export it."""
    fitted = LogisticRegression(max_iter=1000).fit(pixels.reshape(len(pixels), -1), labels)
    batch = torch.export.Dim("batch", min=1, max=4096)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.export speaks of its own future
        program = torch.export.export(
            Classifier(fitted).eval(), (torch.zeros(2, 3, SIDE, SIDE),), dynamic_shapes=({0: batch},)
        )
        torch.export.save(program, path)


def main() -> None:
    """Write the project into the folder that the command line names."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "my-digits")
    table, pixels, labels = write_images(folder)
    order = np.random.default_rng(7).permutation(len(table))
    train, test = order[:800], order[800:]
    table.iloc[train].to_csv(folder / "train.csv", index=False)
    table.iloc[test].to_csv(folder / "test.csv", index=False)
    write_model(folder / "champion.pt2", pixels[train[:200]], labels[train[:200]])
    write_model(folder / "candidate.pt2", pixels[train], labels[train])
    print(
        f"{folder}: {len(train)} images to train on, {len(test)} to judge with, champion.pt2, candidate.pt2"
    )


if __name__ == "__main__":
    main()

"""Real solar-cell images: 2,624 electroluminescence photographs of the ELPV data set.

Buerhop-Lutz et al., "A Benchmark for Visual Identification of Defective Solar Cells in Electroluminescence
Imagery", EU PVSEC 2018. The images are licensed CC BY-NC-SA 4.0; they come with the package
``elpv-dataset``, are read where it is installed, and are never copied.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from seatrial.errors import MissingExtraError

__all__ = ["CLASSES", "Cells", "cells"]

CLASSES = ("defective", "functional")

_TEST_SIZE = 1200
_SPLIT_SEED = 3


@dataclass(frozen=True, slots=True)
class Cells:
    """The data set, split once.

    Attributes:
        train: 1,424 rows: ``image`` (path), ``label``, ``type`` (mono or poly: how the silicon was grown),
            ``doubtful`` (whether the experts were unsure).
        test: 1,200 rows, likewise.
    """

    train: pd.DataFrame
    test: pd.DataFrame


def cells() -> Cells:
    """Find the images and split them at random; the split is the same in every run.

    A cell is defective where the experts' probability of a defect is at least one half.

    Raises:
        MissingExtraError: The package with the images is not installed.
    """
    found = find_spec("elpv_dataset")
    if found is None or found.origin is None:
        raise MissingExtraError("elpv-dataset", "demo")
    data = Path(found.origin).parent / "data"
    rows = pd.read_csv(data / "labels.csv", sep=r"\s+", names=["image", "probability", "type"])
    table = pd.DataFrame(
        {
            "cell": rows["image"].map(lambda name: Path(name).stem),
            "image": rows["image"].map(lambda name: str(data / name)),
            "label": np.where(rows["probability"] >= 0.5, *CLASSES),  # noqa: PLR2004 - see the docstring
            "type": rows["type"],
            "doubtful": ~rows["probability"].isin([0.0, 1.0]),
        }
    )
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(table))
    return Cells(table.iloc[order[_TEST_SIZE:]].reset_index(drop=True), table.iloc[order[:_TEST_SIZE]])

"""The tale of the solar cells."""

from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seatrial_pipelines.demo.solar_cells.cells import Cells, cells
from seatrial_pipelines.demo.solar_cells.training import features, train
from seatrial_pipelines.demo.tale import FAIL, PASS, Chapter, Trained

__all__ = ["SolarCells"]

_MONO, _POLY = "monocrystalline cells", "polycrystalline cells"


@dataclass
class SolarCells:
    """A candidate that learned from many more polycrystalline cells, but few monocrystalline ones."""

    model: str = "solar-cells"
    dataset: str = "table:data/test.parquet?id=cell&name=solar-cells-test"
    reference: str = "table:data/train.parquet?id=cell&name=solar-cells-train"
    moral: str = (
        "Candidate A was more accurate on average and was refused for one slice; "
        "candidate B is now the champion."
    )
    _features: NDArray[np.float32] | None = field(default=None, repr=False)

    @cached_property
    def _cells(self) -> Cells:
        return cells()

    @property
    def introduction(self) -> str:
        """What the terminal says of the data."""
        return (
            "Real photographs of solar cells (ELPV data set, CC BY-NC-SA 4.0): find the defective ones.\n"
            f"{len(self._cells.train)} images to train on, {len(self._cells.test)} to judge with."
        )

    @property
    def policy(self) -> str:
        """Text of the policy."""
        return (files(__package__) / "policy.yaml").read_text(encoding="utf-8")

    @cached_property
    def chapters(self) -> tuple[Chapter, ...]:
        """A champion, a candidate that is refused, and one that is promoted."""
        kinds = self._cells.train["type"].value_counts()
        mono, poly = int(kinds["mono"]), int(kinds["poly"])
        return (
            Chapter("champion", "The first model: there is no champion yet", {_MONO: 500, _POLY: 100}, PASS),
            Chapter(
                "candidate-a",
                "Candidate A: many more polycrystalline labels, but few mono ones",
                {_MONO: 40, _POLY: poly},
                FAIL,
            ),
            Chapter(
                "candidate-b",
                "Candidate B: trained with the failing slice in mind",
                {_MONO: mono, _POLY: poly},
                PASS,
            ),
        )

    def prepare(self, folder: Path) -> None:
        """Write the tables and extract the features of all training images."""
        self._cells.train.to_parquet(folder / "data" / "train.parquet", index=False)
        self._cells.test.to_parquet(folder / "data" / "test.parquet", index=False)
        self._features = features(self._cells.train["image"].tolist(), folder / "features.npz")

    def train(self, chapter: Chapter) -> Trained:
        """Train on the first cells of each kind."""
        assert self._features is not None
        kinds = self._cells.train["type"].to_numpy()
        rows = np.concatenate(
            [
                np.flatnonzero(kinds == kind)[: chapter.samples[name]]
                for kind, name in (("mono", _MONO), ("poly", _POLY))
            ]
        )
        return train(self._features[rows], self._cells.train["label"].iloc[rows])

"""What a demo tells: data, three models trained on them, and the policy that they are judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import nn

__all__ = ["FAIL", "PASS", "Chapter", "Tale", "Trained"]

#: How ``seatrial run`` ends.
PASS, FAIL = 0, 1


@dataclass(frozen=True, slots=True)
class Chapter:
    """One model of a tale.

    Attributes:
        name: What its runs are called.
        title: What the terminal announces.
        samples: How many images of each kind it is trained on, by what the kind is called.
        exit_code: How ``seatrial run`` is expected to end.
    """

    name: str
    title: str
    samples: Mapping[str, int]
    exit_code: int


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model.

    Attributes:
        network: Takes images of shape (batch, 3, side, side).
        side: Width and height of the images.
        options: What the model says about itself: classes, preprocessing, how its output is read.
        metrics: Of its training, by name.
    """

    network: "nn.Module"
    side: int
    options: dict[str, Any]
    metrics: dict[str, float]


class Tale(Protocol):
    """One story."""

    @property
    def model(self) -> str:
        """Name of the registered model and of the experiment."""

    @property
    def introduction(self) -> str:
        """What the terminal says of the data."""

    @property
    def moral(self) -> str:
        """What the terminal says at the end."""

    @property
    def dataset(self) -> str:
        """Specification of the data to judge on, relative to the demo's folder."""

    @property
    def reference(self) -> str:
        """Specification of the training data, relative to the demo's folder."""

    @property
    def policy(self) -> str:
        """Text of the policy."""

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """A champion, a candidate that is refused, and one that is promoted."""

    def prepare(self, folder: Path) -> None:
        """Write the data below ``folder / "data"`` and do what all chapters share."""

    def train(self, chapter: Chapter) -> Trained:
        """Train a chapter's model."""

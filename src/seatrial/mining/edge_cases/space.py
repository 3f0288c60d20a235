"""The space in which images are compared: what the model sees of them, and what is measured of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.images import PROPERTIES
from seatrial.neighbours import Embeddings

__all__ = ["Space"]

#: Least deviation of a value, as a share of the median one: a value that hardly ever varies must not decide.
_FLOOR = 0.1

#: Deviations beyond which one property says no more: a single odd value must not decide either.
_ODD = 4.0

#: Rows that deviations are taken from, at most.
_SAMPLE = 100_000


@dataclass(frozen=True)
class _Scale:
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> "_Scale":
        sample = values[:: max(1, len(values) // _SAMPLE)].astype(np.float64)
        deviation = sample.std(axis=0)
        floor = _FLOOR * float(np.median(deviation[_varying(sample, deviation)]))
        return cls(sample.mean(axis=0).astype(np.float32), np.maximum(deviation, floor).astype(np.float32))

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardise values, so that a row's squared length is about 1 whatever its width."""
        scaled = (values - self.mean) / self.deviation
        return np.asarray(scaled / np.sqrt(max(values.shape[1], 1)), dtype=np.float32)


@dataclass(frozen=True)
class Space:
    """How vectors, and image properties beside them, become points whose distances are compared.

    Each value is taken in units of how much it varies over the pool. Measured on planted kinds of failures,
    Euclidean distances of standardised vectors tell more than cosines of the raw ones: a value that is far
    larger than the others would else decide alone. And a classifier's last layer forgets what does not matter
    to its classes, lines on the paper or the thickness of a stroke, which may well be why it fails: the
    properties that are measured of every image bring that back.

    Attributes:
        vectors: Scale of the vectors.
        names: Properties that vary, and are known of every image.
        properties: Scale of those; None where there are none.
        weight: Of the properties beside the vectors.
    """

    vectors: _Scale
    names: tuple[str, ...]
    properties: _Scale | None
    weight: float

    @classmethod
    def of(cls, pool: Embeddings, others: Sequence[Embeddings], weight: float) -> "Space":
        """Measure the scales of a pool.

        Args:
            pool: The pool.
            others: What is compared with it: only properties that all know count.
            weight: Of the properties, at least 0.

        Raises:
            InputError: All vectors of the pool are the same.
        """
        sample = pool.vectors[:: max(1, len(pool) // _SAMPLE)].astype(np.float64)
        if not _varying(sample, sample.std(axis=0)).any():
            raise InputError(
                f"the embeddings of all {len(pool)} {pool.level}s are the same: this model cannot tell them "
                "apart; embed with another"
            )
        known = [name for name in PROPERTIES if all(_knows(one, name) for one in (pool, *others))]
        values = _values(pool, known)
        varying = _varying(values, values.std(axis=0)) if known else np.zeros(0, dtype=np.bool_)
        names = tuple(name for name, yes in zip(known, varying.tolist(), strict=True) if yes and weight > 0)
        scale = _Scale.of(_values(pool, names)) if names else None
        return cls(_Scale.of(pool.vectors), names, scale, weight)

    def apply(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Give the points of rows, shape (n, width + properties)."""
        points = self.vectors.apply(embeddings.vectors)
        if self.properties is None:
            return points
        measured = self.properties.apply(_values(embeddings, self.names))
        limit = _ODD / np.sqrt(len(self.names))
        weighed = np.sqrt(self.weight) * np.clip(measured, -limit, limit)
        return np.concatenate([points, weighed], axis=1, dtype=np.float32)


def _varying(values: NDArray[np.floating], deviation: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(deviation > 1e-6 * np.abs(values).max(axis=0, initial=0))


def _knows(embeddings: Embeddings, name: str) -> bool:
    details = embeddings.details
    return details is not None and name in details.column_names and not details.column(name).null_count


def _values(embeddings: Embeddings, names: Sequence[str]) -> NDArray[np.float32]:
    if not names:
        return np.empty((len(embeddings), 0), dtype=np.float32)
    assert embeddings.details is not None
    columns = [embeddings.details.column(name).to_numpy() for name in names]
    return np.stack([column.astype(np.float32) for column in columns], axis=1)

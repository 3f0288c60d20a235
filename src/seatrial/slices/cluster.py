"""A place in the space of a model's embeddings: what lies near a centre."""

import base64
import binascii
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["Cluster"]

_FLOAT = np.dtype("<f4")

#: Rows whose distances are computed at a time.
_ROWS = 65536


class Cluster(BaseModel):
    """A ball in embedding space: it chooses by what an image shows, not by what a model says of it.

    Attributes:
        model: Digest of the model that makes the embeddings; those of another model mean something else.
        centre: The centre's float32 numbers, little-endian, in base64: a policy stays one file.
        radius: Euclidean distance from the centre up to which a sample belongs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(min_length=1)]
    centre: str
    radius: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @field_validator("centre")
    @classmethod
    def _decodes(cls, centre: str) -> str:
        try:
            data = base64.b64decode(centre, validate=True)
        except binascii.Error as error:
            raise ValueError("expected float32 numbers in base64") from error
        if not data or len(data) % _FLOAT.itemsize:
            raise ValueError(f"expected float32 numbers in base64, got {len(data)} bytes")
        if not np.isfinite(np.frombuffer(data, _FLOAT)).all():
            raise ValueError("expected finite numbers in base64, got infinity or NaN")
        return centre

    @classmethod
    def of(cls, model: str, centre: NDArray[np.floating], radius: float) -> Self:
        """Make a cluster of numbers.

        Args:
            model: See the class.
            centre: Shape (width,); rounded to float32.
            radius: See the class.
        """
        data = np.ascontiguousarray(centre, dtype=_FLOAT).tobytes()
        return cls(model=model, centre=base64.b64encode(data).decode(), radius=radius)

    @property
    def numbers(self) -> NDArray[np.float32]:
        """The centre, shape (width,)."""
        return np.frombuffer(base64.b64decode(self.centre), _FLOAT).astype(np.float32)

    def distances(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Measure how far samples are from the centre.

        Args:
            vectors: Shape (n, width); a row with what is no number is infinitely far.

        Returns:
            Shape (n,).
        """
        centre = self.numbers
        found = np.empty(len(vectors))
        for start in range(0, len(vectors), _ROWS):
            apart = vectors[start : start + _ROWS] - centre
            found[start : start + _ROWS] = np.sqrt(np.einsum("ij,ij->i", apart, apart, dtype=np.float64))
        return np.where(np.isfinite(found), found, np.inf)

    def holds(self, vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Say which samples belong, shape (n,)."""
        return self.distances(vectors) <= self.radius

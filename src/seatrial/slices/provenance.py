"""Where a slice comes from that nobody wrote: it was found on one half of the data and tried on the other."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Confirmed", "Discovery", "Found"]

_Samples = Annotated[int, Field(ge=1)]
_Difference = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Found(_Part):
    """What the search saw, on the half that it searched: too good to be true by selection.

    Attributes:
        n: Samples of the slice in that half.
        difference: Metric on the slice minus metric on the rest of that half.
    """

    n: _Samples
    difference: _Difference


class Confirmed(Found):
    """What the other half says, which the search never saw.

    Attributes:
        p: p-value there of "no difference", corrected for all slices that were tried on that half.
    """

    p: Annotated[float, Field(ge=0, le=1)]


class Discovery(_Part):
    """How a slice was discovered.

    Attributes:
        by: What found it, e.g. ``conjunctions`` or ``clusters``.
        metric: Metric that is different there.
        dataset: Digest of the data set that was searched.
        searched: Candidates that were looked at.
        found: What the search saw.
        confirmed: What the other half says; None where it was not tried there or did not hold.
    """

    by: Annotated[str, Field(min_length=1)]
    metric: Annotated[str, Field(min_length=1)]
    dataset: Annotated[str, Field(min_length=1)]
    searched: Annotated[int, Field(ge=1)]
    found: Found
    confirmed: Confirmed | None = None

    @model_validator(mode="after")
    def _same_direction(self) -> Self:
        if self.confirmed is not None and self.found.difference * self.confirmed.difference <= 0:
            raise ValueError(
                f"expected a difference of one sign on both halves, got {self.found.difference:g} where it "
                f"was found and {self.confirmed.difference:g} where it was tried"
            )
        return self

    def holds(self, alpha: float) -> bool:
        """Whether the other half confirms the slice at a level."""
        return self.confirmed is not None and self.confirmed.p <= alpha

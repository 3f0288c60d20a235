"""How slices are chosen, as a policy writes it: by a predicate, along axes, by place, or as a frozen list."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from seatrial.errors import InputError, examples
from seatrial.slices.cluster import Cluster
from seatrial.slices.predicate import parse
from seatrial.slices.provenance import Discovery

__all__ = ["Bins", "FrozenIds", "SliceSpec"]


def _listed_ids(ids: Any) -> Any:
    """Read a list of ids as samples whose content is not known."""
    if isinstance(ids, list | tuple):
        for one in ids:
            if not isinstance(one, str):
                raise ValueError(f"expected ids of samples as text, got {one!r}")  # noqa: TRY004 - pydantic
        repeated = sorted({one for one in ids if ids.count(one) > 1})
        if repeated:
            raise ValueError(f"a sample is listed once, repeated: {examples(repeated)}")
        return dict.fromkeys(ids)
    return ids


#: Frozen samples: ids, each with the digest of its content or None; a list of ids is read, too.
FrozenIds = Annotated[dict[str, str | None], BeforeValidator(_listed_ids)]


class Bins(BaseModel):
    """How the numbers of an attribute are put into bins: by a rule that is fitted, or at given edges.

    Attributes:
        bins: ``"quantile"`` for about as many samples in each bin, ``"fixed"`` for bins of one width.
        n: How many bins, from 2 to 100.
        edges: Where one bin ends and the next begins, ascending; k edges make k + 1 bins, the first and
            last of which are open, so that no value is left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bins: Literal["quantile", "fixed"] | None = None
    n: Annotated[int, Field(ge=2, le=100)] | None = None
    edges: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.edges is None:
            if self.bins is None or self.n is None:
                raise ValueError("expected 'bins' (quantile or fixed) with 'n', or 'edges'")
        elif self.bins is not None or self.n is not None:
            raise ValueError("expected either 'bins' with 'n', or 'edges', got both")
        elif not all(map(math.isfinite, self.edges)):
            raise ValueError("edges must be finite: the first and last bin are open already")
        elif any(high <= low for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"edges must ascend, got {list(self.edges)}")
        return self


class SliceSpec(BaseModel):
    """A re-applicable way to choose samples: a predicate, axes, a place in embedding space, or a frozen list.

    Attributes:
        level: What is chosen: images, or the objects in them.
        where: A predicate, see :func:`seatrial.slices.parse`.
        by: Attributes whose values divide the samples, each by its distinct values (None) or by bins. One
            attribute is an axis, several are a cross.
        cluster: A place in embedding space; with ``where``, what is there and fulfils the predicate.
        ids: A frozen list of samples, each with the digest of its content where that is known; written as a
            list of ids or a mapping of ids to digests. It is a slice by itself, without the others.
        discovered: How the slice was found, where nobody wrote it.
        max_values: Most distinct values that an attribute without bins may have.
        min_n: Fewest samples for a rule to judge a slice of this spec; None for the policy's default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["image", "object"] = "image"
    where: str | None = None
    by: dict[str, Bins | None] | None = None
    cluster: Cluster | None = None
    ids: FrozenIds | None = None
    discovered: Discovery | None = None
    max_values: Annotated[int, Field(ge=1)] = 50
    min_n: Annotated[int, Field(ge=1)] | None = None

    @field_validator("where")
    @classmethod
    def _parses(cls, where: str | None) -> str | None:
        if where is not None:
            try:
                parse(where)
            except InputError as error:
                raise ValueError(str(error)) from error
        return where

    @field_validator("by", mode="before")
    @classmethod
    def _listed(cls, by: Any) -> Any:
        """Read a list of names as attributes without bins."""
        if isinstance(by, str):
            raise ValueError(f"expected a list of attributes, got {by!r} (write [{by}])")  # noqa: TRY004 - pydantic
        if isinstance(by, list | tuple):
            for name in by:
                if not isinstance(name, str):
                    raise ValueError(  # noqa: TRY004 - pydantic reports ValueError with its place
                        f"expected names of attributes, got {name!r} (for bins write a mapping, "
                        "attribute: {bins: quantile, n: 4})"
                    )
            repeated = sorted({name for name in by if by.count(name) > 1})
            if repeated:
                raise ValueError(f"an attribute may divide once, repeated: {', '.join(repeated)}")
            return dict.fromkeys(by)
        return by

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if self.ids is not None:
            if self.where is not None or self.by is not None or self.cluster is not None:
                raise ValueError("expected 'ids' alone, a frozen list is not divided further")
            if self.level != "image":
                raise ValueError("'ids' lists samples, not objects: use level image")
        elif self.where is None and self.by is None and self.cluster is None:
            raise ValueError("expected 'where', 'by' or both, 'cluster', or 'ids'")
        if self.cluster is not None and self.by is not None:
            raise ValueError("'cluster' is one slice, which 'by' does not divide")
        if self.by is not None and not self.by:
            raise ValueError("'by' names no attribute")
        if self.ids is not None and not self.ids:
            raise ValueError("'ids' lists no sample")
        return self

    @property
    def meaning(self) -> dict[str, Any]:
        """What decides which samples it chooses, in the form of :meth:`to_policy`."""
        return {key: value for key, value in self.to_policy().items() if key not in _MEANINGLESS}

    def to_policy(self) -> dict[str, Any]:
        """Write the spec as a policy would, defaults left out."""
        fields: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        if self.by is not None:
            plain = all(bins is None for bins in self.by.values())
            fields["by"] = (
                list(self.by)
                if plain
                else {
                    name: bins and bins.model_dump(mode="json", exclude_none=True)
                    for name, bins in self.by.items()
                }
            )
        if self.ids is not None:
            fields["ids"] = dict(self.ids) if any(self.ids.values()) else list(self.ids)
        return fields


#: Keys that choose no sample.
_MEANINGLESS = frozenset({"min_n", "max_values", "discovered"})

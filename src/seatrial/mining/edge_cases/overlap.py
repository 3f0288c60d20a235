"""How much of a pool is labelled already."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Labelled", "Overlap", "overlap"]


@dataclass(frozen=True)
class Labelled:
    """A data set that is labelled already.

    Attributes:
        name: What it is called in what people read, e.g. ``"training data"``.
        ids: Its images.
        contents: Digests of their bytes; None where they are not known.
        uris: Where they are.
    """

    name: str
    ids: Sequence[str]
    contents: Sequence[str | None]
    uris: Sequence[str | None]


@dataclass(frozen=True)
class Overlap:
    """Images of a pool that are labelled already, byte for byte.

    Attributes:
        reasons: Why an image is left out, by its place in the pool.
        shares: How many images of the pool each labelled data set holds, by its name.
    """

    reasons: dict[int, str]
    shares: dict[str, int]


def overlap(ids: Sequence[str], contents: Sequence[str | None], labelled: Sequence[Labelled]) -> Overlap:
    """Find images of a pool with the same bytes as labelled ones, or as an earlier image of the pool.

    Args:
        ids: The pool's images.
        contents: Digests of their bytes; None where they are not known.
        labelled: What is labelled already.
    """
    reasons: dict[int, str] = {}
    shares: dict[str, int] = {}
    for one in labelled:
        known: dict[str, str] = {}
        for id_, content in zip(one.ids, one.contents, strict=True):
            if content is not None:
                known.setdefault(content, id_)
        there = [place for place, content in enumerate(contents) if content in known]
        shares[one.name] = len(there)
        for place in there:
            twin = known[str(contents[place])]
            reasons.setdefault(place, f"labelled already: the same file as {twin!r} of {one.name}")
    first: dict[str, int] = {}
    for place, content in enumerate(contents):
        if content is not None and first.setdefault(content, place) != place:
            reasons.setdefault(place, f"twice in the pool: the same file as {ids[first[content]]!r}")
    return Overlap(reasons, shares)

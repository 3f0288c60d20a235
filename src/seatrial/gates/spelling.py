"""A hint for a word that was likely mistyped."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "one_of"]

_LISTED = 16


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Give ``"; did you mean 'x'?"`` where a known word is close, else an empty text."""
    by_folded = {one.casefold(): one for one in known}
    close = get_close_matches(str(word).casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[close[0]]!r}?" if close else ""


def one_of(word: object, known: Iterable[str], what: str) -> str:
    """Say that ``word`` is not one of the known ones, with a hint: ``expected a metric (…), got 'x'``."""
    names = list(known)
    listed = ", ".join(names[:_LISTED]) + (
        f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    )
    return f"expected {what} ({listed or 'there is none'}), got {word!r}{did_you_mean(word, names)}"

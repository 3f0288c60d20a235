"""What to say of a word that is not one of the known ones: those, and the one that was likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "one_of", "unknown"]

_LISTED = 16


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Give ``"; did you mean 'x'?"`` where a known word is close, else an empty text."""
    meant = _meant(word, known)
    return "" if meant is None else f"; did you mean {meant!r}?"


def one_of(word: object, known: Iterable[str], what: str) -> str:
    """Say that ``word`` is not one of the known ones, with a hint: ``expected a metric (…), got 'x'``."""
    names = list(known)
    listed = ", ".join(names[:_LISTED]) + (
        f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    )
    return f"expected {what} ({listed or 'there is none'}), got {word!r}{did_you_mean(word, names)}"


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """Say that nothing is called so: ``unknown column 'sit' (did you mean 'site'?): expected one of …``."""
    names = list(known)
    meant = _meant(word, names)
    hint = "" if meant is None else f" (did you mean {meant!r}?)"
    return f"unknown {what} {word!r}{hint}: expected one of {', '.join(map(repr, names)) or 'none'}"


def _meant(word: object, known: Iterable[str]) -> str | None:
    by_folded = {one.casefold(): one for one in known}
    close = get_close_matches(str(word).casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None

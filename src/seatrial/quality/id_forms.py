"""What ids look like, as one regular expression."""

import re
from collections.abc import Sequence

__all__ = ["id_form"]

_MOST_FORMS = 5

#: How ids are read, the finer way first: runs of digits and of letters, then of both; all else literally.
_READINGS = (
    ((r"\d+", r"[^\W\d_]+"), re.compile(r"(\d+)|([^\W\d_]+)|(.)", re.DOTALL)),
    ((r"[^\W_]+",), re.compile(r"([^\W_]+)|(.)", re.DOTALL)),
)


def id_form(ids: Sequence[str]) -> str | None:
    r"""Describe ids by a regular expression: runs of digits and letters of any length, the rest literally.

    Args:
        ids: E.g. ``["cat/001.png", "dog/17.png"]``, which gives ``^[^\W\d_]+/\d+\.[^\W\d_]+$``.

    Returns:
        An expression that matches each of them; None where there are none, or they are of more than five
        forms.
    """
    for runs, token in _READINGS:
        forms = sorted({_form(one, runs, token) for one in ids})
        if 0 < len(forms) <= _MOST_FORMS:
            return f"^{forms[0]}$" if len(forms) == 1 else f"^(?:{'|'.join(forms)})$"
    return None


def _form(text: str, runs: tuple[str, ...], token: re.Pattern[str]) -> str:
    def one(found: re.Match[str]) -> str:
        kind = int(found.lastindex or 0) - 1
        return runs[kind] if kind < len(runs) else re.escape(found.group())

    return "".join(map(one, token.finditer(text)))

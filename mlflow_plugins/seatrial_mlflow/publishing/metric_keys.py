r"""How slices and classes become MLflow metric keys: readable, allowed everywhere, never two for one key.

MLflow accepts ``[/\w.\- :]`` in up to 250 characters, and its chart view groups by everything before the
last ``/``. A slice's metric is ``slice/<metric>/<attribute>/<value>``: one group of charts per metric and
attribute, one chart per value.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatrial.digests import digest_bytes
from seatrial.slices.report import ALL, SliceRow

__all__ = ["NAMED", "VERSUS", "MetricKeys", "slug", "slugs"]

#: Stands in for the attribute of slices that a predicate defines.
NAMED = "named"

#: First part of the keys of differences (candidate minus champion); they sort behind ``slice``.
VERSUS = "vs_champion"

#: Four parts and the longest prefix stay below MLflow's 250 characters.
_PART_LENGTH = 70
# between the values of a cross: no value holds it, so that two crosses never read the same
_CROSS = "\x1f"
_NUMBER = r"[-+−]?(?:inf|∞|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)"
_INTERVAL = re.compile(rf"[\[(]\s*({_NUMBER})\s*,\s*({_NUMBER})\s*[\])]")
_ENDLESS = {"∞", "inf"}
_NOT_ALLOWED = re.compile(r"[^\w.\-]+")
_WORDS = {"∅": "missing", _CROSS: " x "}


def slug(text: str) -> str:
    """Write one part of a key with letters, digits, ``_``, ``-`` and ``.`` only.

    ``∅`` becomes ``missing``, the interval ``[0.2, 0.4)`` becomes ``0.2_to_0.4`` and one without an end
    ``below_0.2`` or ``from_0.4``; letters of every script are kept, any other run of characters becomes
    ``-``. Parts longer than 70 characters are cut and end in a digest. Different texts may give the same
    slug: :func:`slugs` keeps them apart.
    """
    if not text:
        return "empty"
    readable = _INTERVAL.sub(_interval, unicodedata.normalize("NFC", text))
    for sign, word in _WORDS.items():
        readable = readable.replace(sign, word)
    cleaned = _NOT_ALLOWED.sub("-", readable)
    if cleaned != readable:
        cleaned = cleaned.strip("-")
    if not cleaned.strip("."):
        return f"_{_short(text, 6)}"  # "." and ".." would be taken for folders
    if len(cleaned) > _PART_LENGTH:
        return f"{cleaned[: _PART_LENGTH - 9]}-{_short(text, 8)}"
    return cleaned


def _interval(found: re.Match[str]) -> str:
    low, high = found[1], found[2]
    if low in {"-∞", "-inf"}:
        return "every_number" if high in _ENDLESS else f"below_{high}"
    return f"from_{low}" if high in _ENDLESS else f"{low}_to_{high}"


def slugs(texts: Iterable[str]) -> dict[str, str]:
    """Give each distinct text a slug of its own; letter case does not tell slugs apart.

    Some databases compare keys without regard to case. Of several texts with one slug, the one that is
    its own slug keeps it and the others end in a digest of the text; so the result depends on the set of
    texts alone, not on their order.
    """
    distinct = sorted(set(texts))
    plain = {text: slug(text) for text in distinct}
    counts = Counter(one.casefold() for one in plain.values())
    faithful = Counter(one.casefold() for text, one in plain.items() if one == text)

    def unique(text: str, length: int) -> str:
        own = plain[text]
        folded = own.casefold()
        if counts[folded] == 1 or (own == text and faithful[folded] == 1):
            return own
        return f"{own[: _PART_LENGTH - length - 1]}-{_short(text, length)}"

    for length in (6, 16, 64):
        found = {text: unique(text, length) for text in distinct}
        if len({one.casefold() for one in found.values()}) == len(distinct):
            return found
    raise AssertionError("different texts have the same SHA-256")  # pragma: no cover


def _short(text: str, length: int) -> str:
    return digest_bytes(text.encode()).removeprefix("sha256:")[:length]


@dataclass(frozen=True, slots=True)
class MetricKeys:
    """The metric keys of one report's rows."""

    _metrics: dict[tuple[str, str | None], str]
    _attributes: dict[str, str]
    _values: dict[str, dict[str, str]]

    @classmethod
    def of(cls, rows: Sequence[SliceRow]) -> "MetricKeys":
        """Fit the keys to all rows of a report, so that no two of them share one."""
        sliced = [row for row in rows if row.slice != ALL]
        classes = slugs(row.class_ for row in rows if row.class_ is not None)
        names = {(row.metric, row.class_) for row in rows}
        metrics = {
            (metric, class_): metric if class_ is None else f"{metric}.{classes[class_]}"
            for metric, class_ in names
        }
        values: dict[str, set[str]] = defaultdict(set)
        for row in sliced:
            values[_attribute(row)].add(_value(row))
        return cls(metrics, slugs(values), {name: slugs(texts) for name, texts in values.items()})

    def key(self, row: SliceRow, *, versus: bool = False) -> str:
        """Give the key of one row.

        Args:
            row: One of the rows that the keys were fitted to.
            versus: The key of its difference to the champion rather than of the candidate's value.
        """
        if row.slice == ALL:
            path = row.metric if row.class_ is None else f"{row.metric}/{self._class(row)}"
            if versus:
                return f"{VERSUS}/{path}"
            return path if row.class_ is None else f"class/{path}"
        attribute = _attribute(row)
        metric = self._metrics[row.metric, row.class_]
        path = f"{metric}/{self._attributes[attribute]}/{self._values[attribute][_value(row)]}"
        return f"{VERSUS if versus else 'slice'}/{path}"

    def _class(self, row: SliceRow) -> str:
        return self._metrics[row.metric, row.class_].removeprefix(f"{row.metric}.")


def _attribute(row: SliceRow) -> str:
    return row.family if row.attributes else NAMED


def _value(row: SliceRow) -> str:
    return _CROSS.join(row.attributes.values()) if row.attributes else row.slice

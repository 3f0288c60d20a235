"""How users name a data set: ``kind:path?key=value``."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from seatrial.errors import InputError

__all__ = ["DatasetSpec"]


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """A reader's name, a path or URI, and the reader's options.

    Attributes:
        kind: Reader, e.g. ``"images"`` or ``"table"``.
        path: Local path or fsspec URI.
        options: Reader options, e.g. ``{"label": "y"}``.
    """

    kind: str
    path: str
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "DatasetSpec":
        """Parse ``kind:path?key=value&key=value``.

        Raises:
            InputError: There is no kind, no path, or an option without a value.
        """
        kind, colon, rest = text.partition(":")
        path, mark, query = rest.partition("?")
        if not (kind and colon and path):
            raise InputError(f"data set {text!r}: expected kind:path?key=value, e.g. images:data/val")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(mark and query))
        except ValueError as error:
            raise InputError(
                f"data set {text!r}: options must read key=value, joined by &: {error}"
            ) from error
        return cls(kind, path, dict(pairs))

    def __str__(self) -> str:
        """Write the specification as :meth:`parse` reads it."""
        query = "&".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.kind}:{self.path}" + (f"?{query}" if query else "")

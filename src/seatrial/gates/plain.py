"""Text from elsewhere (slice names, reasons, owners) made safe to print."""

import re
import unicodedata

__all__ = ["markdown", "plain", "visible"]

_SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: object, longest: int = 600) -> str:
    """Replace what a terminal or an XML parser might obey, put it on one line, and cut it.

    Args:
        text: Any text.
        longest: Most characters to keep.
    """
    shown = visible(" ".join(str(text)[: 4 * longest].split()))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def visible(text: str) -> str:
    """Replace what a terminal might obey; lines and tabs stay."""
    return "".join(one if one in "\n\t" or unicodedata.category(one) not in _UNSEEN else "�" for one in text)


def markdown(text: object, longest: int = 600) -> str:
    """Write text into a Markdown table so that nothing in it is taken for markup or HTML."""
    escaped = plain(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(lambda match: "\\" + match[0], escaped)

"""XML that any reader takes, whatever the names are."""

import re
from xml.etree import ElementTree as ET

__all__ = ["xml_file", "xml_text"]

#: Characters that XML 1.0 cannot hold, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Replace characters that XML 1.0 cannot hold (control characters) by U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def xml_file(root: ET.Element, *, declared: bool = True) -> bytes:
    """Write a document, indented, in UTF-8.

    Args:
        root: The document.
        declared: Whether it begins with a declaration of its encoding.
    """
    ET.indent(root, " ")
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=declared)
    return body + b"\n"

"""Addresses as they may be shown: without passwords and tokens."""

import re

__all__ = ["holds_secret", "without_secrets"]

_USER = re.compile(r"(?<=://)[^/\s@'\"?#]+(?=@)")
_NAMED = re.compile(
    r"([?&;][\w.-]*(?:token|secret|passw|pwd|signature|credential|api-?key|accesskey|\bsig\b)[\w.-]*=)[^&;\s'\"\\#]+",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Replace by ``***`` whatever opens a door in the addresses of a text.

    That is user and password (``scheme://user:password@host``) and query parameters that are called token,
    secret, password, signature or the like (``?X-Amz-Signature=…``).
    """
    return _NAMED.sub(r"\1***", _USER.sub("***", text))


def holds_secret(text: str) -> bool:
    """Tell whether :func:`without_secrets` finds something."""
    return bool(_USER.search(text) or _NAMED.search(text))

"""Pages that other tools made, fit for an archive: they fetch nothing and say the same twice."""

import re

__all__ = ["offline_page"]

#: Whatever a page might still try to fetch, the browser refuses.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; font-src data:\">"
)

_RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUID
    r"|(?<=metric_)[0-9a-f]{32}"
    r"|(?<![0-9a-zA-Z])[0-9a-f]{32}(?![0-9a-zA-Z])"
)


def offline_page(html: str) -> str:
    """Forbid a page to load anything from elsewhere and number its random identifiers.

    Args:
        html: A page with a ``<head>``.

    Returns:
        The page with a content security policy that allows only what is in it, and with UUIDs and random
        32-digit hexadecimal names replaced by their order of appearance.
    """
    seen: dict[str, str] = {}
    stable = _RANDOM.sub(lambda match: seen.setdefault(match.group(), f"n{len(seen)}"), html)
    return re.sub(r"<head[^>]*>", lambda match: match.group() + _POLICY, stable, count=1)

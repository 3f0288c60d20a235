"""A day as policies and scenarios write it."""

from datetime import date, datetime
from typing import Any

__all__ = ["calendar_day"]


def calendar_day(value: Any) -> Any:
    """Read ``2026-12-31``; YAML gives a date already.

    Raises:
        ValueError: It is no day, or a moment.
    """
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError("expected a date such as 2026-12-31") from error
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("expected a date such as 2026-12-31")  # noqa: TRY004 - pydantic reports ValueError
    return value

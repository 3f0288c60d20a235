"""The step ``notify``: tell people of a refusal or a promotion, wherever they read (Slack, Teams, mail, …).

Destinations are URLs of apprise, and hold tokens and passwords: they come from a file or the environment,
and neither a message nor an error shows them.
"""

import logging
import os
import time
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from seatrial.errors import InputError, MissingExtraError, ServiceError, examples
from seatrial.files import read_json, read_text
from seatrial.gates import Outcome, Verdict
from seatrial.gates.headline import headline, refusals, where
from seatrial.gates.plain import markdown, plain
from seatrial_mlflow.subject import Subject, read_verdict

__all__ = ["DESTINATIONS", "EVENTS", "Event", "Notice", "failure", "run"]

#: Environment variable of the destinations, separated by spaces or lines.
DESTINATIONS = "SEATRIAL_NOTIFY"

Event = Literal["refusal", "promotion", "pass", "failure"]

#: What may be told. A pass that promotes nothing is told only where it is asked for; it is a pipeline that
#: fails.
EVENTS: tuple[Event, ...] = ("refusal", "promotion", "pass", "failure")

_USUAL: tuple[Event, ...] = ("refusal", "promotion")
_MOST_REASONS = 8
_TITLE_LENGTH = 160
_PAUSES = (1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Notice:
    """What people were (or, in a dry run, would be) told.

    Attributes:
        event: What happened.
        title: One line.
        body: Markdown.
        sent: How many destinations took it; 0 where the event was not asked for, and in a dry run.
    """

    event: Event
    title: str
    body: str
    sent: int


def run(
    verdict: Path,
    *,
    promotion: Path | None = None,
    published: Path | None = None,
    on: Collection[str] = _USUAL,
    destinations: Path | None = None,
    dry_run: bool = False,
    pauses: tuple[float, ...] = _PAUSES,
) -> Notice:
    """Tell of a verdict and what came of it.

    Args:
        verdict: Folder that ``decide_promotion`` wrote, or its ``verdict.json``.
        promotion: JSON file that ``promote_model`` wrote; None where nothing was promoted.
        published: JSON file that ``publish_run`` wrote, for the link; None for no link.
        on: Events to tell of, of :data:`EVENTS`.
        destinations: File of apprise URLs, one a line, ``#`` for comments; None for the environment's.
        dry_run: Send nothing.
        pauses: Seconds before each further attempt at a destination that did not take it.

    Raises:
        InputError: The verdict or another file cannot be read, no destination is named, or one is not an
            address that apprise knows.
        ServiceError: A destination did not take it, after three attempts; the others were told.
        MissingExtraError: apprise is not installed.
    """
    _check_events(on)
    judged, subject = read_verdict(verdict)
    promoted = None if promotion is None else _mapping(promotion)
    event = _event(judged, promoted)
    url = "" if published is None else str(_mapping(published).get("url") or "")
    title, body = _title(judged, subject, event, promoted), _body(judged, subject, url)
    sent = 0
    if event in on and not dry_run:
        sent = _send(_destinations(destinations), title, body, event, pauses)
    return Notice(event, title, body, sent)


def failure(
    title: str,
    body: str,
    *,
    on: Collection[str],
    destinations: Path | None = None,
    pauses: tuple[float, ...] = _PAUSES,
) -> Notice:
    """Tell of a pipeline that did not come to its end; arguments and errors are those of :func:`run`."""
    _check_events(on)
    sent = _send(_destinations(destinations), title, body, "failure", pauses) if "failure" in on else 0
    return Notice("failure", title, body, sent)


def _check_events(on: Collection[str]) -> None:
    if unknown := [one for one in on if one not in EVENTS]:
        raise InputError(f"expected events of {', '.join(EVENTS)}, got {examples(unknown)}")


def _event(verdict: Verdict, promoted: dict[str, Any] | None) -> Event:
    if not verdict.promotes:
        return "refusal"
    moved = promoted is not None and promoted.get("changed") and not promoted.get("dry_run")
    return "promotion" if moved else "pass"


def _title(verdict: Verdict, subject: Subject, event: Event, promoted: dict[str, Any] | None) -> str:
    if event == "promotion" and promoted is not None:
        text = f"{promoted.get('name')} version {promoted.get('version')} is now {promoted.get('alias')}"
    elif event == "pass":
        text = f"{subject.candidate} passed"
    elif verdict.outcome is Outcome.FAIL:
        text = f"{subject.candidate} was refused"
    else:
        text = f"{subject.candidate} was refused: {verdict.outcome}"
    return plain(f"Seatrial: {text}", _TITLE_LENGTH)


def _body(verdict: Verdict, subject: Subject, url: str) -> str:
    refusing = refusals(verdict)
    lines = [markdown(headline(verdict)), ""]
    lines += [f"- {markdown(where(one), 120)}: {markdown(one.reason)}" for one in refusing[:_MOST_REASONS]]
    if len(refusing) > _MOST_REASONS:
        lines.append(f"- and {len(refusing) - _MOST_REASONS} more")
    champion = f", champion: {markdown(subject.baseline)}" if subject.baseline else ""
    lines += ["", f"Candidate: {markdown(subject.candidate)}{champion}"]
    lines.append(f"Data set: {markdown(subject.dataset)}, {subject.size} images")
    if url:
        lines += ["", url]
    return "\n".join(lines)


def _mapping(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected an object, got {type(value).__name__}")
    return value


def _destinations(file: Path | None) -> list[str]:
    text = os.environ.get(DESTINATIONS, "") if file is None else read_text(file, "destinations")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = [url for line in lines for url in line.split()]
    if not found:
        source = f"set {DESTINATIONS}, or give a file of them" if file is None else f"{file} names none"
        raise InputError(f"expected destinations, e.g. slack://… or mailto://…: {source}")
    return found


def _send(urls: list[str], title: str, body: str, event: Event, pauses: tuple[float, ...]) -> int:
    try:
        import apprise
    except ImportError as error:
        raise MissingExtraError("apprise", "mlflow") from error
    kind = apprise.NotifyType.FAILURE if event in {"refusal", "failure"} else apprise.NotifyType.SUCCESS
    with _quiet():
        # each on its own: what one of them does is no concern of the others
        one_each = [apprise.Apprise() for _ in urls]
        known = [one.add(url) for one, url in zip(one_each, urls, strict=True)]
        if not all(known):
            wrong = [_name(number, url) for number, url in enumerate(urls, start=1) if not known[number - 1]]
            raise InputError(f"{', '.join(wrong)}: expected an address that apprise knows")
        left = dict(enumerate(one_each))
        for pause in (0.0, *pauses):
            time.sleep(pause)
            left = {
                number: one
                for number, one in left.items()
                if not one.notify(body=body, title=title, notify_type=kind, body_format="markdown")
            }
            if not left:
                return len(urls)
    silent = ", ".join(_name(number + 1, urls[number]) for number in left)
    raise ServiceError(f"{silent} did not take the notice; {len(urls) - len(left)} of {len(urls)} did")


def _name(number: int, url: str) -> str:
    """Name a destination by its place and kind: the rest of the URL is secret."""
    scheme = url.partition("://")[0] if "://" in url else "not a URL"
    return f"destination {number} ({plain(scheme, 20)})"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep apprise from logging addresses, and its imports from warning of Python's own modules."""
    logger = logging.getLogger("apprise")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before

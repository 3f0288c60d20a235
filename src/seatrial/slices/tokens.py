"""Words of the predicate language, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from seatrial.errors import InputError

__all__ = ["Token", "failure", "tokenize"]

TokenKind = Literal["name", "keyword", "number", "text", "operator", "end"]

KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})

_WORDS = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[^\W\d]\w*)
    | `(?P<quoted>(?:[^`]|``)+)`
    | '(?P<single>(?:[^']|'')*)'
    | "(?P<double>(?:[^"]|"")*)"
    | (?P<operator>==|!=|<=|>=|<(?!>)|>|\(|\)|,)
    """,
    re.VERBOSE,
)

#: What a quoted word is, and its quote, which is doubled to stand for itself.
_QUOTES: dict[str, tuple[TokenKind, str]] = {
    "quoted": ("name", "`"),
    "single": ("text", "'"),
    "double": ("text", '"'),
}

_MEANT = {
    "=": "'=' is not an operator, write '=='",
    "<>": "'<>' is not an operator, write '!='",
    "&": "'&' is not an operator, write 'and'",
    "|": "'|' is not an operator, write 'or'",
    "!": "'!' is not an operator, write 'not'",
    "'": "this text has no closing '",
    '"': 'this text has no closing "',
    "`": "this column name has no closing ` (or is empty)",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        kind: What it is.
        text: Its text; without quotes for a quoted name or a text literal; lower case for a keyword.
        position: Its first character, from 1.
    """

    kind: TokenKind
    text: str
    position: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def failure(text: str, position: int, problem: str) -> InputError:
    """Make the error for a place in a predicate: its character, what is wrong there, and the whole text."""
    return InputError(f"predicate, character {position}: {problem}: {text}")


def tokenize(text: str) -> Iterator[Token]:
    """Split a predicate into words, the last of kind ``"end"``.

    Raises:
        InputError: A character is not of the language, or a quote is not closed; with its place.
    """
    place = 0
    while place < len(text):
        match = _WORDS.match(text, place)
        if match is None:
            raise failure(text, place + 1, _problem(text[place:]))
        if match.lastgroup != "space":
            yield _token(match)
        place = match.end()
    yield Token("end", "", len(text) + 1)


def _token(match: re.Match[str]) -> Token:
    position = match.start() + 1
    group = match.lastgroup or ""
    word = match[group]
    if group in _QUOTES:
        kind, quote = _QUOTES[group]
        return Token(kind, word.replace(quote * 2, quote), position)
    if group == "name":
        keyword = word.lower() in KEYWORDS
        return Token("keyword", word.lower(), position) if keyword else Token("name", word, position)
    return Token("number" if group == "number" else "operator", word, position)


def _problem(rest: str) -> str:
    if rest.lstrip("+-.")[:1].isdigit():
        return (
            f"{rest.split(maxsplit=1)[0]!r} is not a number (quote a text, or a column name with backticks)"
        )
    meant = _MEANT.get(rest[:2]) or _MEANT.get(rest[0])
    return meant or f"{rest[0]!r} is not of the predicate language (quote a column name with backticks)"

"""Where each part of a policy is written: its own file, one that it includes, or a file of scenarios."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from seatrial.errors import PolicyError
from seatrial.gates.document import Document, Problem, policy_error
from seatrial.validation import Location

__all__ = ["Origins"]

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Origins:
    """Where each part of a policy is written.

    Attributes:
        own: The policy's own file.
        parts: Parts that are written elsewhere: the file, and the place there.
    """

    own: Document
    parts: Mapping[Place, tuple[Document, Place]] = field(default_factory=dict)

    def find(self, location: Location) -> tuple[Document, Place]:
        """Find the file and the place there of a part of the policy."""
        whole = tuple(location)
        for length in range(len(whole), 0, -1):
            if whole[:length] in self.parts:
                document, place = self.parts[whole[:length]]
                return document, (*place, *whole[length:])
        return self.own, whole

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """Say what is wrong at a location, in the file where that is written."""
        document, place = self.find(location)
        return document.problem(place, message, key=key)

    def error(self, problems: Iterable[Problem]) -> PolicyError:
        """Make one error of several problems, by file and line."""
        return policy_error(problems)

    def name(self, location: Location) -> str:
        """Say where a part is written: ``org.yaml:12``."""
        source, line = self.line(location)
        return f"{source}:{line}"

    def line(self, location: Location) -> tuple[str, int]:
        """Give the file and the line of a part."""
        document, place = self.find(location)
        return document.source, document.position(place)[0]

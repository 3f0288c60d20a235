"""From files to one policy: what it includes and its scenarios are read, merged and checked as a whole."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seatrial.errors import PolicyError
from seatrial.files import read_text
from seatrial.gates.document import Document, Problem
from seatrial.gates.extension import check_side_by_side, extended
from seatrial.gates.origins import Origins, Place
from seatrial.gates.policy import Policy
from seatrial.gates.problems import problems_of
from seatrial.gates.references import broken_references
from seatrial.gates.scenario import ScenarioSuite

__all__ = ["parse_policy", "portable_policy", "read_policy"]


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads one file and what it names.

    Attributes:
        document: The file.
        folder: What its paths are relative to; None for a text that is no file.
        chain: Files that are being read, each included by the one before.
    """

    document: Document
    folder: Path | None
    chain: tuple[Path, ...] = ()

    def read(self) -> tuple[Policy, Origins]:
        value = self.document.value
        if isinstance(value, dict):
            # a section whose every line is commented out is null in YAML
            value = {key: section for key, section in value.items() if section is not None}
        origins = Origins(self.document)
        included: list[tuple[Policy, Origins]] = []
        if isinstance(value, dict):
            value, origins = self._with_scenarios(value, origins)
            included = [self._included(*one) for one in enumerate(self._includes(value.pop("includes", [])))]
            check_side_by_side(included)
        try:
            policy = Policy.model_validate({} if value is None else value)
        except ValidationError as error:
            raise origins.error(problems_of(error, self.document)) from error
        for ground in included[::-1]:
            policy, origins = extended(ground, (policy, origins))
        return policy, origins

    def _with_scenarios(self, value: dict[str, Any], origins: Origins) -> tuple[dict[str, Any], Origins]:
        named = value.get("scenarios")
        if not isinstance(named, str):
            return value, origins
        path = self._beside(named, ("scenarios",))
        suite, document = ScenarioSuite.load(path)
        parts: dict[Place, tuple[Document, Place]] = {
            ("scenarios", name): (document, ("scenarios", name)) for name in suite.scenarios
        }
        return value | {"scenarios": suite.scenarios}, replace(origins, parts=parts)

    def _includes(self, named: Any) -> list[str]:
        if not isinstance(named, list):
            raise self._error(("includes",), f"expected a list of files, got {named!r} (write [{named}])")
        for index, one in enumerate(named):
            if not isinstance(one, str) or not one:
                raise self._error(("includes", index), f"expected the path of a policy, got {one!r}")
        return named

    def _included(self, index: int, named: str) -> tuple[Policy, Origins]:
        place = ("includes", index)
        path = self._beside(named, place)
        if path.resolve() in self.chain:
            circle = [*self.chain[self.chain.index(path.resolve()) :], path.resolve()]
            names = " → ".join(one.name for one in circle)
            raise self._error(place, f"policies include each other in a circle: {names}")
        return _reading(path, self.chain).read()

    def _beside(self, named: str, place: Place) -> Path:
        if self.folder is None:
            raise self._error(
                place, f"{named!r} is another file, and a policy given as text has none beside it"
            )
        path = self.folder / named
        if not path.is_file():
            raise self._error(place, f"expected a file, there is none at {path}")
        return path

    def _error(self, place: Place, message: str) -> PolicyError:
        return self.document.error([self.document.problem(place, message)])


def read_policy(path: Path) -> tuple[Policy, Origins]:
    """Read a policy file with all that it names.

    Returns:
        The policy as a whole, and where each part of it is written.

    Raises:
        InputError: A file cannot be read.
        PolicyError: It is not a valid policy; the message names file, line, column and key.
    """
    return _checked(_reading(path, ()))


def portable_policy(path: Path) -> tuple[Policy, str]:
    """Read a policy file, and write it as one text that needs no other file.

    Returns:
        The policy, and the text: the file's own where it names no other, with its comments; else one that
        says what all of them say, by the same digest.

    Raises:
        InputError: A file cannot be read.
        PolicyError: It is not a valid policy; the message names file, line, column and key.
    """
    policy, origins = read_policy(path)
    alone = not origins.parts and "includes" not in (origins.own.value or {})
    return policy, read_text(path, "policy") if alone else policy.to_yaml()


def parse_policy(text: str, source: str) -> tuple[Policy, Origins]:
    """Read a policy from text that names no other file.

    Returns:
        The policy, and where each part of it is written.

    Raises:
        PolicyError: It is not a valid policy; the message names source, line, column and key.
    """
    return _checked(_Reading(Document.parse(text, source), None))


def _reading(path: Path, chain: tuple[Path, ...]) -> _Reading:
    document = Document.parse(read_text(path, "policy"), str(path))
    return _Reading(document, path.parent, (*chain, path.resolve()))


def _checked(reading: _Reading) -> tuple[Policy, Origins]:
    policy, origins = reading.read()
    problems: list[Problem] = broken_references(policy, origins)
    if problems:
        raise origins.error(problems)
    return policy, origins

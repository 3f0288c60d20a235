"""A team's policy on the ground of its organisation's: it adds, and tightens; it loosens nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from pydantic import BaseModel

from seatrial.gates.document import Problem, policy_error
from seatrial.gates.origins import Origins, Place
from seatrial.gates.policy import Policy, Waiver
from seatrial.gates.rules import Coverage, MetricRule, Rule, SliceRule

__all__ = ["check_side_by_side", "extended"]

Tightens = Callable[[Any, Any], bool]

#: Each finds no fewer slices worse than the one before.
_CORRECTIONS = ("holm", "benjamini_hochberg", "none")

#: Whether the second value asks for no less than the first, by key; a key that is not here must not change.
_RULES: Mapping[str, Tightens] = {
    "severity": lambda ground, own: own in {ground, "block"},
    "on_inconclusive": lambda ground, own: own in {ground, "block"},
    "on_missing_slice": lambda ground, own: own in {ground, "error"},
    "margin": lambda ground, own: own <= ground,
    "gain": lambda ground, own: own >= ground,
    "max_count": lambda ground, own: ground is not None and own is not None and own <= ground,
    "max_share": lambda ground, own: ground is not None and own is not None and own <= ground,
    "max": lambda ground, own: own <= ground,
    "correction": lambda ground, own: _CORRECTIONS.index(own) >= _CORRECTIONS.index(ground),
    "require": lambda ground, own: own in {ground, "all"},
    "scenarios": lambda ground, own: own is None or (ground is not None and set(ground) <= set(own)),
}

#: The same of sections. Their other keys must not change where the included policy says them.
_SECTIONS: Mapping[tuple[str, str], Tightens] = {
    ("dataset", "max_uses"): lambda ground, own: ground is None or (own is not None and own <= ground),
    ("baseline", "on_missing"): lambda ground, own: own in {ground, "error"},
    ("statistics", "replicates"): lambda ground, own: own >= ground,
    ("statistics", "alpha"): lambda ground, own: own == ground,
}


def extended(ground: tuple[Policy, Origins], own: tuple[Policy, Origins]) -> tuple[Policy, Origins]:
    """Put a policy on the ground of one that it includes.

    Rules, slices, scenarios and waivers are added. What the included policy says already may be said again
    only as it is, or tighter: a rule of the same id takes the included one's place. Each rule goes by the
    defaults of the file that it is written in. Only the included file can waive its own rules.

    Args:
        ground: The included policy, and where it is written.
        own: The policy that includes it, and where it is written.

    Raises:
        PolicyError: Something is loosened or given another meaning.
    """
    return _Extension(*ground, *own).result()


def check_side_by_side(included: Sequence[tuple[Policy, Origins]]) -> None:
    """Check that no policy of several that are included loosens what another leaves unsaid or asks for.

    Without it, a file could be loosened by one that is included before it: what a file says by default
    counts for the files beside it as it does for the one that includes it, and so do its rules.

    Raises:
        PolicyError: One does.
    """
    problems: list[Problem] = []
    for (ground, below), (own, above) in permutations(included, 2):
        beside = _Extension(ground, below, own, above)
        problems += [*beside.loosened_defaults(), *beside.foreign_waivers()]
    if problems:
        raise policy_error(problems)


class _Extension:
    def __init__(self, ground: Policy, below: Origins, own: Policy, above: Origins) -> None:
        self._ground, self._below, self._own, self._above = ground, below, own, above
        self._parts: dict[Place, tuple[Any, Place]] = {}

    def result(self) -> tuple[Policy, Origins]:
        problems = [
            *self._sections(),
            *self._named("slices", self._ground.slices, self._own.slices),
            *self._named("scenarios", self._ground.scenarios, self._own.scenarios),
        ]
        sections = {name: self._section(name) for name in _SECTION_NAMES}
        slices = self._ground.slices | self._own.slices
        settled = self._ground.model_copy(update={"slices": slices})
        ground = [_settled(rule, settled) for rule in self._ground.rules]
        defaults = settled.model_copy(update={"defaults": sections["defaults"]})
        own = [_settled(rule, defaults) for rule in self._own.rules]
        problems += [*self._tightened(ground, own), *self.foreign_waivers()]
        if problems:
            raise self._above.error(problems)
        policy = self._ground.model_copy(
            update=sections
            | {
                "task": self._own.task or self._ground.task,
                "slices": slices,
                "scenarios": self._ground.scenarios | self._own.scenarios,
                "rules": self._rules(ground, own),
                "waivers": self._added_waivers(),
            }
        )
        # what neither file says is told of at the top of the policy's own
        return policy, Origins(self._above.own, self._parts)

    def _sections(self) -> Iterator[Problem]:
        if self._own.task is not None and self._ground.task not in {None, self._own.task}:
            yield self._loosened(("task",), self._ground.task, self._own.task)
        for name, key, then, now in self._sections_said():
            tightens = _SECTIONS.get((name, key))
            below = getattr(self._ground, name)
            allowed = (
                tightens(then, now)
                if tightens is not None
                else key not in below.model_fields_set or then == now
            )
            if not allowed:
                yield self._loosened((name, key), then, now)

    def loosened_defaults(self) -> Iterator[Problem]:
        """Find what asks for less than the included policy does by saying nothing."""
        for name, key, then, now in self._sections_said():
            tightens = _SECTIONS.get((name, key))
            silent = key not in getattr(self._ground, name).model_fields_set
            if silent and tightens is not None and not tightens(then, now):
                yield self._loosened((name, key), then, now)

    def _sections_said(self) -> Iterator[tuple[str, str, Any, Any]]:
        """Give section, key, and both values of what the including policy says."""
        for name in _SECTION_NAMES:
            if name == "defaults":
                continue
            below, own = getattr(self._ground, name), getattr(self._own, name)
            for key in sorted(own.model_fields_set):
                yield name, key, getattr(below, key), getattr(own, key)

    def _section(self, name: str) -> BaseModel:
        below: BaseModel = getattr(self._ground, name)
        own: BaseModel = getattr(self._own, name)
        for key in below.model_fields_set:
            self._parts[name, key] = self._below.find((name, key))
        for key in own.model_fields_set:
            self._parts[name, key] = self._above.find((name, key))
        return below.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})

    def _named(self, section: str, below: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Problem]:
        for name, value in below.items():
            self._parts[section, name] = self._below.find((section, name))
            if own.get(name, value) != value:
                where = self._below.name((section, name))
                message = f"{name!r} has another meaning in {where}: give this one another name"
                yield self._above.problem((section, name), message, key=True)
        for name in own:
            self._parts[section, name] = self._above.find((section, name))

    def _tightened(self, ground: list[Rule], own: list[Rule]) -> Iterator[Problem]:
        places = {rule.id: index for index, rule in enumerate(ground)}
        for index, rule in enumerate(own):
            if rule.id not in places:
                continue
            place = places[rule.id]
            loosened = _loosened_key(ground[place], rule)
            if loosened is not None:
                where = self._below.name(("rules", place))
                was, now = _value(ground[place], loosened), _value(rule, loosened)
                message = (
                    f"rule {rule.id!r} of {where} may only be tightened: it says {loosened} {was}, got {now}"
                )
                yield self._above.problem(("rules", index, loosened), message)

    def foreign_waivers(self) -> Iterator[Problem]:
        """Find waivers of rules that the included policy asks for, which it does not give itself."""
        theirs = {rule.id: index for index, rule in enumerate(self._ground.rules)}
        for index, waiver in enumerate(self._own.waivers):
            if waiver.rule in theirs and waiver not in self._ground.waivers:
                where = self._below.name(("rules", theirs[waiver.rule]))
                message = f"rule {waiver.rule!r} is asked for by {where}: only that file can waive it"
                yield self._above.problem(("waivers", index, "rule"), message)

    def _rules(self, ground: list[Rule], own: list[Rule]) -> tuple[Rule, ...]:
        mine = {rule.id: index for index, rule in reversed([*enumerate(own)])}
        merged: list[Rule] = []
        for index, rule in enumerate(ground):
            again = mine.get(rule.id)
            source, place = (self._below, index) if again is None else (self._above, again)
            self._parts["rules", len(merged)] = source.find(("rules", place))
            merged.append(rule if again is None else own[again])
        replacing = {mine[rule.id] for rule in ground if rule.id in mine}
        for index, rule in enumerate(own):
            if index not in replacing:
                self._parts["rules", len(merged)] = self._above.find(("rules", index))
                merged.append(rule)
        return tuple(merged)

    def _added_waivers(self) -> tuple[Waiver, ...]:
        """Put the policy's own waivers behind the included ones; what both include is there once."""
        for index in range(len(self._ground.waivers)):
            self._parts["waivers", index] = self._below.find(("waivers", index))
        merged = list(self._ground.waivers)
        for index, waiver in enumerate(self._own.waivers):
            if waiver not in self._ground.waivers:
                self._parts["waivers", len(merged)] = self._above.find(("waivers", index))
                merged.append(waiver)
        return tuple(merged)

    def _loosened(self, place: Place, then: object, now: object) -> Problem:
        where = self._below.own.source
        return self._above.problem(place, f"may only be tightened: {where} asks for {then}, got {now}")


_SECTION_NAMES = ("dataset", "baseline", "statistics", "detection", "defaults")


def _settled(rule: Rule, policy: Policy) -> Rule:
    """Write into a rule what it takes from the defaults of its file."""
    said: dict[str, Any] = {}
    if isinstance(rule, SliceRule):
        said["min_n"] = policy.min_n(rule)
    if isinstance(rule, MetricRule):
        said["on_inconclusive"] = rule.on_inconclusive or policy.defaults.on_inconclusive
        said["on_missing_slice"] = rule.on_missing_slice or policy.defaults.on_missing_slice
    return rule.model_copy(update=said)


def _loosened_key(ground: Rule, own: Rule) -> str | None:
    """Name the first key by which a rule asks for less than the one of its id in the included policy."""
    if type(ground) is not type(own):
        return "type"
    for key in type(own).model_fields:
        then, now = getattr(ground, key), getattr(own, key)
        if then == now:
            continue
        tightens = _more_is_tighter(own, key) or _RULES.get(key)
        if tightens is None or not tightens(then, now):
            return type(own).model_fields[key].alias or key
    return None


def _more_is_tighter(rule: Rule, key: str) -> Tightens | None:
    if key == "value" and rule.type == "min":
        return lambda ground, own: own >= ground
    if key == "value" and rule.type == "max":
        return lambda ground, own: own <= ground
    if key == "min_n" and isinstance(rule, Coverage):
        return lambda ground, own: own >= ground
    return None


def _value(rule: Rule, key: str) -> Any:
    return getattr(rule, {"class": "class_"}.get(key, key))

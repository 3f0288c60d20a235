"""Whether a slice report was measured as a policy asks: one that was not is no evidence."""

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

from seatrial.gates.policy import Policy

__all__ = ["disagreements", "level"]

_SAME = 1e-9

#: The column that groups samples where a policy names none.
_GROUP = "group"

_AGAIN = "measure them again with this policy"


def level(policy: Policy, use: int | None) -> float:
    """Give the level of the tests: the policy's alpha, or what this use of the data set may spend of it."""
    return policy.statistics.alpha if use is None else policy.alpha_of(use)


def disagreements(policy: Policy, header: Mapping[str, Any], use: int | None) -> Iterator[str]:
    """Say how a report was measured otherwise than a policy asks.

    Args:
        policy: The policy.
        header: The slice report's header.
        use: Which use of the data set this is, from 1; None where uses are not counted.
    """
    most = policy.dataset.max_uses
    if most is not None and use is None:
        yield (
            f"the policy allows at most {most} uses of a data set, and nothing says which one this is: say "
            "where uses are counted (--ledger)"
        )
        return
    if most is not None and use is not None and use > most:
        yield (
            f"this would be use {use} of the data set {_name(header)}, the policy allows at most {most}: "
            "judge on a fresh test set"
        )
        return
    yield from _statistics(policy, header, use)
    yield from _subject(policy, header)


def _statistics(policy: Policy, header: Mapping[str, Any], use: int | None) -> Iterator[str]:
    alpha = level(policy, use)
    confidence, replicates = header.get("confidence"), header.get("replicates")
    if not isinstance(confidence, float) or not isclose(confidence, 1 - alpha, rel_tol=0, abs_tol=_SAME):
        asks = (
            f"the policy's alpha {alpha:g}"
            if policy.dataset.max_uses is None
            else f"alpha {alpha:g} of use {use} of the data set"
        )
        yield f"the slices were measured at confidence {confidence}, {asks} asks for {1 - alpha:g}: {_AGAIN}"
    wanted = policy.statistics.replicates_at(alpha)
    if not isinstance(replicates, int) or replicates < wanted:
        yield (
            f"the slices were measured with {replicates} bootstrap replicates, the policy asks for "
            f"{wanted}: {_AGAIN}"
        )
    if header.get("seed") != policy.statistics.seed:
        yield (
            f"the slices were measured with seed {header.get('seed')}, the policy asks for "
            f"{policy.statistics.seed}: {_AGAIN}"
        )
    group, drawn = policy.dataset.group or _GROUP, header.get("group", _GROUP)
    if group != drawn:
        yield (
            f"the slices were measured with samples grouped by {drawn!r}, the policy groups them by "
            f"{group!r}: {_AGAIN}"
        )


def _subject(policy: Policy, header: Mapping[str, Any]) -> Iterator[str]:
    task = header.get("task")
    if policy.task is not None and task != policy.task:
        yield f"the slices are of a {task}, the policy is for a {policy.task}"
    if task == "detection":
        measured, asked = header.get("detection"), policy.detection.model_dump()
        if measured != asked:
            yield f"the slices were measured at operating point {measured}, the policy's is {asked}: {_AGAIN}"


def _name(header: Mapping[str, Any]) -> str:
    dataset = header.get("dataset") or {}
    return f"{dataset.get('name')!r}"

"""``seatrial plan-test-set``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from seatrial.gates.sampling_plan import Need

__all__ = ["plan_test_set"]


def plan_test_set(
    policy: Path = typer.Argument(..., metavar="FILE", help="The policy file (YAML)."),
    slices: Path | None = typer.Option(
        None, help="Earlier slice report: its values and intervals are assumed, for every metric."
    ),
    rate: list[str] = typer.Option([], help="Assumed value of a metric, e.g. accuracy=0.9; repeat it."),
    values: list[str] = typer.Option([], help="How many slices a family has, e.g. site=12; repeat it."),
    disagreement: float = typer.Option(
        0.06, help="Assumed share of samples that exactly one of candidate and champion has right."
    ),
    drop: float = typer.Option(0.05, help="Loss on one slice that no_regression has to catch."),
    gain: float = typer.Option(0.02, help="Assumed gain of the candidate, for improve."),
    use: int = typer.Option(
        1, min=1, help="Which use of the test set is planned for, where they are limited."
    ),
    out: Path | None = typer.Option(None, help="JSON file to write the plan to."),
) -> None:
    """Say how many labelled samples a policy needs on each slice, before any of them is paid for.

    For each rule and slice: how many samples make it come out right in 80 % and in 90 % of the cases, if what
    is assumed is true. Data checks and scenarios need none.

    Example: seatrial plan-test-set policy.yaml --rate accuracy=0.9 --values site=12
    """
    from seatrial.gates.sampling_plan import Assumptions
    from seatrial.steps import plan_test_set as step

    assumptions = Assumptions(
        rates={name: float(value) for name, value in _pairs("--rate", rate)},
        disagreement=disagreement,
        loss=drop,
        gain=gain,
        slices={name: int(value) for name, value in _pairs("--values", values)},
        use=use,
    )
    _show(step.run(policy, assumptions, slices=slices, out=out))


def _pairs(option: str, given: Sequence[str]) -> list[tuple[str, float]]:
    from seatrial.errors import InputError

    pairs = []
    for one in given:
        name, equals, value = one.partition("=")
        try:
            pairs.append((name, float(value)))
        except ValueError as error:
            expected = "accuracy=0.9" if option == "--rate" else "site=12"
            raise InputError(f"option {option}: expected such as {expected}, got {one!r}") from error
        if not equals or not name:
            raise InputError(f"option {option}: expected a name and a number, got {one!r}")
    return pairs


def _show(needs: "Sequence[Need]") -> None:
    from rich.console import Console
    from rich.table import Table

    from seatrial.gates.plain import plain

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for title in ("rule", "slice"):
        table.add_column(title)
    for title in ("80 %", "90 %", "at hand"):
        table.add_column(title, justify="right")
    table.add_column("if")
    for need in needs:
        counts = ["" if need.problem else _count(need.samples[power]) for power in sorted(need.samples)]
        unit = "" if need.unit == "samples" else f" ({need.unit})"
        at_hand = "" if need.at_hand is None else str(need.at_hand)
        why = need.problem or need.assumed
        table.add_row(plain(need.rule), plain(need.slice + unit), *counts, at_hand, plain(why))
    console.print(table)


def _count(samples: int | None) -> str:
    return "never" if samples is None else f"{samples:,}"

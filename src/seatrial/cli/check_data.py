"""``seatrial check-data``."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from seatrial.quality import Finding, QualityReport

__all__ = ["check_data"]

_SHOWN = 12


def check_data(
    dataset: str = typer.Option(..., help="Data set to check, e.g. images:data/val"),
    out: Path = typer.Option(..., help="Folder to write."),
    reference: str | None = typer.Option(
        None,
        help="What to hold it against, usually the training data: finds leakage, drift, shifted classes.",
    ),
    evaluation: Path | None = typer.Option(
        None, help="Evaluation folder of the data set: its images are not measured again."
    ),
    reference_evaluation: Path | None = typer.Option(
        None, help="Evaluation folder of the reference: with both, drift of predictions is told."
    ),
    expectations: Path | None = typer.Option(
        None, help="Great Expectations suite (JSON) instead of the proposed one."
    ),
    in_sample: bool = typer.Option(
        False, help="The evaluated model was trained on this very data: it is no witness against its labels."
    ),
    dynamics: Path | None = typer.Option(
        None, help="Parquet file (id, margin) of a training on this data: a row a sample and epoch."
    ),
    threshold: list[str] = typer.Option(
        [], help="NAME=VALUE, may be repeated, e.g. dark_p99=0.25; quality.json lists all of them."
    ),
    only: list[str] = typer.Option([], help="Run only this check; may be repeated."),
    attributes: Path | None = typer.Option(
        None, help="Python file whose functions of an image, a label or a row are columns to every check."
    ),
    checks: Path | None = typer.Option(None, help="Python file whose functions are checks of your own."),
    cache: Path | None = typer.Option(
        None,
        help="Folder of measurements: a killed run goes on from there, unchanged images are not read again.",
    ),
    export: list[str] = typer.Option(
        [], help="Write what is to be fixed for people and labelling tools: csv,coco,label-studio,cvat"
    ),
    export_root: str | None = typer.Option(
        None, help="Folder, or beginning of URIs, that the labelling tool sees; default: the images' folder."
    ),
) -> None:
    """Check the data itself: broken, dark, blurred and duplicate images, leakage, labels, values, drift.

    Writes findings.parquet (one row a finding), quality.json (the same, with how each check ended) and
    the pages of Great Expectations and Evidently. Findings do not fail the command: rules of type data
    in a policy judge them.

    With --export, images that a finding names are a queue for labelling tools, the worst first, with what the
    findings suggest instead.

    Example: seatrial check-data --dataset images:data/val --reference images:data/train --out quality
    """
    from seatrial.quality import CheckOptions
    from seatrial.steps import check_data as step

    report = step.run(
        dataset,
        out,
        reference=reference,
        evaluation=evaluation,
        reference_evaluation=reference_evaluation,
        expectations=expectations,
        in_sample=in_sample,
        dynamics=dynamics,
        options=CheckOptions.parse(threshold),
        only=only,
        attributes=attributes,
        checks=checks,
        cache=cache,
        export=export,
        export_root=export_root,
    )
    _show(report, out)


def _show(report: "QualityReport", out: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from seatrial.gates.plain import plain

    console = Console(emoji=False)
    colours = {"error": "red", "warning": "yellow", "info": "cyan", "crashed": "red", "skipped": "dim"}
    checks = Table("check", "status", "findings", "samples", "reason", box=None, pad_edge=False)
    for one in report.checks:
        colour = colours.get(one.status, "yellow" if one.findings else "green")
        status = f"[{colour}]{one.status}[/]"
        checks.add_row(one.check, status, str(one.findings), str(one.samples), escape(plain(one.reason)))
    console.print(checks)
    shown = _from_every_check(report.findings)[:_SHOWN]
    for finding in shown:
        name = f" ({finding.sample_ids[0]})" if len(finding.sample_ids) == 1 else ""
        severity = f"[{colours[finding.severity]}]{finding.severity}[/]"
        text = escape(plain(f"{finding.check}{name}: {finding.message}"))
        console.print(f"{severity} {text}", highlight=False, soft_wrap=True)
    if len(report.findings) > len(shown):
        console.print(f"… and {len(report.findings) - len(shown)} more")
    console.print(
        f"{len(report.findings)} findings in {report.header['dataset']['n']} samples → {out}", highlight=False
    )


def _from_every_check(findings: Sequence["Finding"]) -> "list[Finding]":
    """Order findings by severity, and those of one severity so that each check has its turn."""
    turns: Counter[str] = Counter()
    ranked = []
    for one in findings:
        turns[one.check] += 1
        ranked.append((("error", "warning", "info").index(one.severity), turns[one.check], one))
    return [one for _, _, one in sorted(ranked, key=lambda ranks: ranks[:2])]

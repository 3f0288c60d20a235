"""Judge a policy on the measurements and the findings: may the candidate be promoted?"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from seatrial.digests import digest_file
from seatrial.files import atomic_folder, check_folder
from seatrial.gates import Policy, Verdict, decide, junit, summarise
from seatrial.gates.ledger import Use, number_of, open_ledger, use_of
from seatrial.gates.uses_file import UsesFile
from seatrial.quality import QualityReport
from seatrial.slices import SliceReport

__all__ = ["again", "run"]

_WRITTEN = ("verdict.json", "verdict.md", "junit.xml")


def run(
    policy: Path,
    slices: Path,
    out: Path,
    *,
    quality: Path | None = None,
    today: date | None = None,
    ledger: str | None = None,
) -> Verdict:
    """Decide, and write ``verdict.json``, ``verdict.md`` and ``junit.xml`` into a folder.

    A verdict is written whatever its outcome; only input that cannot be read raises.

    Args:
        policy: The policy file.
        slices: Folder that ``measure-slices`` wrote.
        out: Folder to write; one that is there already is replaced if it holds a verdict and nothing else.
        quality: Folder that ``check-data`` wrote; None where no data checks were run.
        today: The day on which waivers are looked at; None for today, in UTC.
        ledger: Where uses of data sets are counted, see :func:`seatrial.gates.ledger.open_ledger`. A local
            file counts this one; a tracking server counts it when the verdict is published.

    Returns:
        The verdict.

    Raises:
        InputError: An input cannot be read, the folder or the ledger cannot be written, or another use has
            taken this one's number since the slices were measured.
        PolicyError: The policy is not valid.
    """
    rules = Policy.load(policy)
    report = SliceReport.read(slices)
    check_folder(out, _WRITTEN)
    use = use_of(rules, report.header)
    source = None if ledger is None else open_ledger(ledger)
    number = None if source is None else number_of(use, source)
    verdict = _decided(rules, report, slices, quality, today, number)
    most = rules.dataset.max_uses
    if isinstance(source, UsesFile) and number is not None and (most is None or number <= most):
        source.record(use.dataset, use.id, number, {"policy": rules.digest, **_judged(report)})
    with atomic_folder(out, _WRITTEN) as folder:
        (folder / "verdict.json").write_text(verdict.to_json(), encoding="utf-8")
        (folder / "verdict.md").write_text(summarise(verdict), encoding="utf-8")
        (folder / "junit.xml").write_text(junit(verdict), encoding="utf-8")
    return verdict


def again(policy: Path, slices: Path, *, quality: Path | None = None, use: int | None = None) -> Verdict:
    """Decide once more, today, from files that were judged before; nothing is written or counted.

    Args:
        policy: The policy file.
        slices: Folder that ``measure-slices`` wrote.
        quality: Folder that ``check-data`` wrote; None where no data checks were run.
        use: Which use of the data set it was counted as; None where uses were not counted.

    Raises:
        InputError: An input cannot be read.
        PolicyError: The policy is not valid.
    """
    return _decided(Policy.load(policy), SliceReport.read(slices), slices, quality, None, use)


def _decided(
    policy: Policy,
    report: SliceReport,
    slices: Path,
    quality: Path | None,
    today: date | None,
    use: int | None,
) -> Verdict:
    findings = None if quality is None else QualityReport.read(quality)
    day = datetime.now(UTC).date() if today is None else today
    inputs = {
        **_inputs(policy, report, slices, quality, day),
        "use": _use(policy, use_of(policy, report.header), use),
    }
    return decide(policy, report, findings, today=day, inputs=inputs, use=use)


def _use(policy: Policy, use: Use, number: int | None) -> dict[str, Any]:
    """Say which use of the data set this was, and at which level it was judged."""
    counted = {} if number is None else {"number": number, "alpha": policy.alpha_of(number)}
    return {"id": use.id, "max_uses": policy.dataset.max_uses, **counted}


def _judged(report: SliceReport) -> dict[str, Any]:
    header = report.header
    return {
        name: None if header.get(name) is None else header[name].get("digest")
        for name in ("candidate", "baseline")
    }


def _inputs(
    policy: Policy, report: SliceReport, slices: Path, quality: Path | None, today: date
) -> dict[str, Any]:
    """Name what is judged, by digest; the day only where it matters: equal runs give equal bytes."""
    inputs: dict[str, Any] = {
        "policy": {"digest": policy.digest, "baseline_alias": policy.baseline.alias},
        "slice_report": {"digest": digest_file(slices / "slice_report.json")},
        "quality_report": None if quality is None else {"digest": digest_file(quality / "quality.json")},
    }
    inputs |= {name: report.header.get(name) for name in ("candidate", "baseline", "dataset")}
    return inputs | ({"waivers_judged_on": today.isoformat()} if policy.waivers else {})

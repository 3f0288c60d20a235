"""Where the numbers come from: models, data, digests, seeds, and how intervals were made."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from seatrial.reporting.display import count, plain, share
from seatrial.reporting.inputs import ReportInputs

__all__ = ["facts", "method", "model_name"]

_FEW = 12


def model_name(inputs: ReportInputs, which: Literal["candidate", "baseline"]) -> str:
    """Name the candidate or the champion as the slice report does, else as its evaluation does."""
    said = inputs.slices.header.get(which)
    name = said.get("model") or said.get("uri") or said.get("name") if isinstance(said, dict) else said
    if not name:
        table = inputs.candidate if which == "candidate" else inputs.baseline
        name = table.header.model if table is not None else "champion"
    return plain(name)


def facts(inputs: ReportInputs) -> list[tuple[str, str]]:
    """List everything that the result depends on, name by value."""
    header = inputs.candidate.header
    listed: list[tuple[str, Any]] = [
        ("candidate", header.model),
        ("candidate digest", header.model_digest),
    ]
    if inputs.baseline is not None:
        listed += [
            ("champion", inputs.baseline.header.model),
            ("champion digest", inputs.baseline.header.model_digest),
        ]
    listed += [
        ("data set", header.dataset),
        ("data set digest", header.dataset_digest),
        ("images", count(header.dataset_size)),
        ("unreadable images", count(len(header.failures))),
        ("classes", f"{count(len(header.classes))}: {_few(header.classes)}"),
    ]
    keys = ("confidence", "replicates", "seed", *(("same_samples",) if inputs.has_champion else ()))
    for key in keys:
        if key in inputs.slices.header:
            listed.append((key.replace("_", " "), inputs.slices.header[key]))
    known = {value for _, value in listed if isinstance(value, str)}
    listed += [
        (name, value) for name, value in _flat("judged: ", inputs.verdict.inputs) if value not in known
    ]
    return [(plain(name), _text(value)) for name, value in listed]


def _flat(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in sorted(values):
        value = values[key]
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key} ", value)
        elif value is not None:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return _few(value)
    return plain(value, 400)


def _few(values: Sequence[Any]) -> str:
    return ", ".join(plain(one, 80) for one in values[:_FEW]) + (" …" if len(values) > _FEW else "")


def method(inputs: ReportInputs) -> list[str]:
    """Say in words how the intervals were made and how they may be read."""
    header = inputs.slices.header
    level = share(inputs.confidence)
    lines = [
        f"Intervals hold with {level} confidence each, not all together: of 100 slices a few miss by chance.",
        "Rules that test many slices at once (no_regression) correct for their number.",
        "Shares of samples (accuracy, the recall of one class) have Wilson intervals.",
    ]
    replicates = f"{count(header['replicates'])} replicates" if "replicates" in header else "many replicates"
    lines.append(
        f"Everything else has Poisson bootstrap intervals: {replicates}, weights from a hash of seed, "
        "replicate and group, so that order and sharding change nothing."
    )
    if inputs.has_champion:
        lines.append(
            "Differences are paired: candidate and champion on the same images, with Tango’s interval "
            "and the mid-p McNemar test for shares of samples, the paired bootstrap for the rest."
        )
    if any(one is not None for one in _groups(inputs)):
        lines.append("Samples of one group (scene, video, patient) are resampled together.")
    lines.append(
        "▲ and ▼ mark differences whose interval lies wholly on one side of no change; · marks the others."
    )
    return lines


def _groups(inputs: ReportInputs) -> list[Any]:
    samples = inputs.candidate.samples
    return samples.column("group").unique().to_pylist() if "group" in samples.column_names else []

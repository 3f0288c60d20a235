"""What a verdict becomes in MLflow: decided here from files alone, logged by ``publish_run``."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial import __version__
from seatrial.digests import digest_file
from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial.gates.verdict import Outcome, Verdict
from seatrial.quality.finding import QualityReport
from seatrial.secrets import without_secrets
from seatrial.slices.report import SliceReport, SliceRow
from seatrial.statistics import Estimate, Measurement
from seatrial_mlflow.publishing.budget import KEY_BUDGET, Chosen, Identity, choose, identity, ranked
from seatrial_mlflow.publishing.description import RUN_LIMIT, describe
from seatrial_mlflow.publishing.finding_table import finding_counts
from seatrial_mlflow.subject import Subject, read_verdict

__all__ = [
    "DATASET_DIGEST_LENGTH",
    "SLICE_TABLE",
    "VERDICT_DIGEST",
    "DatasetInput",
    "Publication",
    "Sources",
    "counts",
    "directions",
    "prepare",
    "slice_table",
]

#: Tag that tells whether a verdict was published already.
VERDICT_DIGEST = "seatrial.verdict_digest"

#: Tag that says which use of its data set a verdict is; the test-set ledger counts it.
USE = "seatrial.use"

#: Artifact that holds every slice, in the form that MLflow shows as a table.
SLICE_TABLE = "slices.json"

# the page reads the whole table at once; what is beyond is in slice_report.parquet
_TABLE_ROWS = 5000
_PARAM_LENGTH = 500
#: As the run list shows it beside the name; MLflow takes 36 at most.
DATASET_DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the results are that are published.

    Attributes:
        verdict: Folder of ``verdict.json``, ``verdict.md`` and ``junit.xml``, or the first of them.
        slices: Folder of ``slice_report.json``.
        quality: Folder of ``quality.json``; its pages are published as they are.
        report: The HTML report.
        evaluation: The candidate's evaluation; only its header is published.
        policy: The policy.
        blind_spots: Folder of ``blind_spots.json``.
        figures: Folder of PNG figures.
    """

    verdict: Path
    slices: Path
    quality: Path | None = None
    report: Path | None = None
    evaluation: Path | None = None
    policy: Path | None = None
    blind_spots: Path | None = None
    figures: Path | None = None


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """The data set as MLflow wants it.

    Attributes:
        name: Its name.
        digest: The first 12 hexadecimal digits of its digest; the parameters hold all.
        source: Where it comes from, as given by the user; its name where nothing was given.
        profile: Size and whole digest.
    """

    name: str
    digest: str
    source: str
    profile: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything that is logged, in plain values.

    Attributes:
        name: Name of the run.
        subject: What was judged.
        tags: Tags of the run, the Markdown description among them.
        params: Parameters of the run.
        model_metrics: Metrics of the candidate: logged to the run and to the LoggedModel.
        run_metrics: Metrics of the comparison, the verdict and the data: logged to the run only.
        left_out: Numbers that are in the table but are no metrics.
        dataset: The data set input.
        table: The table of slices: columns and rows.
        artifacts: Files and folders by the path that they get.
    """

    name: str
    subject: Subject
    tags: Mapping[str, str]
    params: Mapping[str, str]
    model_metrics: Mapping[str, float]
    run_metrics: Mapping[str, float]
    left_out: int
    dataset: DatasetInput
    table: Mapping[str, list[Any]]
    artifacts: Mapping[str, Path]

    def to_json(self) -> dict[str, Any]:
        """Write everything but the table's rows, for a dry run."""
        return {
            "run": self.name,
            "tags": dict(self.tags),
            "params": dict(self.params),
            "metrics": {**self.model_metrics, **self.run_metrics},
            "metrics_left_out": self.left_out,
            "dataset": {
                "name": self.dataset.name,
                "digest": self.dataset.digest,
                "source": self.dataset.source,
                "profile": self.dataset.profile,
            },
            "table_rows": len(self.table["data"]),
            "artifacts": sorted([*self.artifacts, SLICE_TABLE]),
        }


def prepare(sources: Sources, *, dataset: str | None = None, key_budget: int = KEY_BUDGET) -> Publication:
    """Read the results and decide what is logged; connects to nothing.

    Args:
        sources: Where the results are.
        dataset: Specification of the data set, e.g. ``images:data/val``.
        key_budget: Most metric keys in all.

    Raises:
        InputError: A file is absent or corrupt, or the slice report is not of the verdict's candidate.
    """
    verdict, subject = read_verdict(sources.verdict)
    report = SliceReport.read(sources.slices)
    quality = None if sources.quality is None else QualityReport.read(sources.quality)
    _check_judged(verdict, "slice_report", sources.slices / "slice_report.json", sources)
    if sources.quality is not None:
        _check_judged(verdict, "quality_report", sources.quality / "quality.json", sources)
    higher = directions()
    fixed = counts(verdict) | finding_counts(quality) | _blind_spots(sources.blind_spots)
    chosen = choose(report, verdict, higher, key_budget - len(fixed))
    return Publication(
        f"seatrial {verdict.outcome}: {_short(subject.candidate)}",
        subject,
        _tags(verdict, subject),
        _params(report, subject),
        chosen.candidate,
        {**fixed, **chosen.comparison},
        chosen.left_out,
        _dataset(subject, dataset),
        slice_table(ranked(report, verdict, higher), chosen),
        _artifacts(sources),
    )


def _check_judged(verdict: Verdict, name: str, file: Path, sources: Sources) -> None:
    judged = (verdict.inputs.get(name) or {}).get("digest")
    found = digest_file(file)
    if judged not in (None, found):
        raise InputError(f"{file} has digest {found}, but {sources.verdict} judged one with {judged}")


def _short(uri: str) -> str:
    """Name a model in few letters: ``solar/2``, ``m-0123abcd``, ``model.pt2``."""
    if uri.startswith("models:/"):
        name = uri.removeprefix("models:/")
        return name[:10] if name.startswith("m-") else name
    return uri.rstrip("/").rpartition("/")[2]


def _tags(verdict: Verdict, subject: Subject) -> dict[str, str]:
    return {
        "seatrial.verdict": str(verdict.outcome),
        "seatrial.version": __version__,
        VERDICT_DIGEST: subject.verdict_digest,
        "mlflow.note.content": describe(verdict, subject, RUN_LIMIT),
        "mlflow.source.name": "seatrial",
        **_use(verdict),
    }


def _use(verdict: Verdict) -> dict[str, str]:
    use = verdict.inputs.get("use") or {}
    return {USE: str(use["id"])} if use.get("id") else {}


def _params(report: SliceReport, subject: Subject) -> dict[str, str]:
    header = report.header
    classes = header.get("classes") or []
    params = {
        "candidate": subject.candidate,
        "champion": subject.baseline or "none",
        "candidate_digest": subject.candidate_digest,
        "champion_digest": subject.baseline_digest,
        "dataset_digest": subject.dataset_digest,
        "policy_digest": subject.policy_digest or None,
        "dataset": subject.dataset,
        "dataset_size": subject.size,
        "task": header.get("task", ""),
        "classes": f"{len(classes)}: {', '.join(map(str, classes))}",
        "slices": len({row.slice for row in report.rows}),
        "confidence": header.get("confidence"),
        "replicates": header.get("replicates"),
        "seed": header.get("seed"),
    }
    return {name: _cut(str(value)) for name, value in params.items() if value is not None}


def _cut(text: str) -> str:
    return text if len(text) <= _PARAM_LENGTH else f"{text[: _PARAM_LENGTH - 1]}…"


def _dataset(subject: Subject, spec: str | None) -> DatasetInput:
    plain = subject.dataset_digest.removeprefix("sha256:")
    profile = {"num_rows": subject.size, "digest": subject.dataset_digest}
    return DatasetInput(
        subject.dataset[:500],
        plain[:DATASET_DIGEST_LENGTH],
        without_secrets(spec or subject.dataset),
        profile,
    )


def counts(verdict: Verdict) -> dict[str, float]:
    """Count decisions by outcome; ``verdict/promotes`` is 1 for a pass, which only decisions cannot tell."""
    outcomes = Counter(decision.outcome for decision in verdict.decisions)
    counted = {f"verdict/{outcome}": float(outcomes[outcome]) for outcome in Outcome}
    blocking = len(list(verdict.blocking()))
    return {**counted, "verdict/blocking": float(blocking), "verdict/promotes": float(verdict.promotes)}


def directions() -> dict[str, bool]:
    """Tell of each metric whether higher is better."""
    from seatrial.metrics import METRICS

    return {name: one.higher_is_better for name, one in METRICS.items()}


def _blind_spots(folder: Path | None) -> dict[str, float]:
    """Take the few numbers that runs are compared by: how many groups fail, and how much that explains."""
    if folder is None:
        return {}
    metrics = read_json(folder / "blind_spots.json", "find-blind-spots writes it").get("metrics", {})
    wanted = ("confirmed_blind_spots", "errors_explained")
    return {
        f"blind_spots/{name}": float(metrics[name])
        for name in wanted
        if isinstance(metrics.get(name), int | float)
    }


def _artifacts(sources: Sources) -> dict[str, Path]:
    found: dict[str, Path] = {}
    folder = sources.verdict if sources.verdict.is_dir() else sources.verdict.parent
    for name in ("verdict.json", "verdict.md", "junit.xml"):
        if (folder / name).is_file():
            found[f"verdict/{name}"] = folder / name
    found["slices"] = sources.slices
    named = {
        "report.html": sources.report,
        "policy.yaml": sources.policy,
        "quality": sources.quality,
        "blind_spots": sources.blind_spots,
        "figures": sources.figures,
    }
    if sources.evaluation is not None:
        named["evaluation/evaluation.json"] = sources.evaluation / "evaluation.json"
    for name, path in named.items():
        if path is None:
            continue
        if not path.exists():
            raise InputError(f"cannot read {path}: no such file or folder")
        found[name] = path
    return found


_COLUMNS = (
    *("slice", "metric", "value", "difference", "n", "class", "low", "high"),
    *("champion", "difference_low", "difference_high", "p_worse", "metric_key"),
)


def slice_table(rows: tuple[SliceRow, ...], chosen: Chosen) -> dict[str, list[Any]]:
    """Write rows in the form that MLflow shows as a table, each with the metric key that it got."""
    data = [_table_row(row, chosen.keys) for row in rows[:_TABLE_ROWS]]
    return {"columns": list(_COLUMNS), "data": data}


def _table_row(row: SliceRow, keys: Mapping[Identity, str]) -> list[Any]:
    difference = row.difference
    paired: tuple[float | None, ...] = (None, None, None, None)
    if difference is not None:
        paired = (difference.value, difference.low, difference.high, difference.p_worse)
    value, low, high = _numbers(row.candidate)
    champion = None if row.baseline is None else _numbers(row.baseline)[0]
    change, *interval = map(_round, paired)
    return [
        *(row.slice, row.metric, value, change, row.n, row.class_ or "", low, high),
        *(champion, *interval, keys.get(identity(row), "")),
    ]


def _numbers(measured: Measurement) -> list[Any]:
    if isinstance(measured, Estimate):
        return [_round(measured.value), _round(measured.low), _round(measured.high)]
    return [f"not computable: {measured.reason}", None, None]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)

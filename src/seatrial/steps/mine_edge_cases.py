"""Choose what to label next: images of a pool that are like what the model fails on."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.datasets import read_dataset
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.evaluation.vectors import evaluated_embeddings, read_embeddings
from seatrial.files import atomic_folder, check_folder, write_json
from seatrial.inference import ModelOptions
from seatrial.labelling import EXPORT_FILES, FORMATS, LabellingQueue, QueueItem, check_formats, export
from seatrial.mining.edge_cases import (
    EdgeCase,
    EdgeCases,
    Evaluated,
    MineOptions,
    Pool,
    embedding_rows,
    mine,
    targets,
)
from seatrial.mining.edge_cases.groups import read_groups
from seatrial.mining.edge_cases.overlap import Labelled
from seatrial.mining.edge_cases.proposals import proposals
from seatrial.mining.failures import Failures
from seatrial.neighbours import Embeddings
from seatrial.reporting.contact_sheet import contact_picture, contact_sheet
from seatrial.reporting.edge_cases import edge_case_rows, next_steps
from seatrial.slices import parse
from seatrial.steps import evaluate_model
from seatrial.steps.scenarios import NEW_SUITE, extend

__all__ = ["WRITTEN", "Mined", "PoolSource", "run"]

#: Files that the step writes.
WRITTEN = (
    *EXPORT_FILES,
    *("edge_cases.*", "left_out.parquet", "mining.json", "proposed_scenarios.yaml", "next_steps.md"),
)

SCHEMA_VERSION = 1

_SIDES = ("x", "y", "box_width", "box_height")

_CASES = pa.schema(
    [
        ("rank", pa.int64()),
        ("id", pa.string()),
        ("group", pa.string()),
        ("relevance", pa.float64()),
        ("likeness", pa.float64()),
        ("uncertainty", pa.float64()),
        ("novelty", pa.float64()),
        ("nearest_failure", pa.string()),
        *((side, pa.float64()) for side in _SIDES),
        ("reason", pa.string()),
    ]
)

_DEFAULT_OPTIONS = ModelOptions()


@dataclass(frozen=True)
class PoolSource:
    """Where the pool is, and what is known of it.

    Attributes:
        dataset: Specification of the pool, whose images the model is run on.
        evaluation: Evaluation of the pool that is there already, in place of that.
        embeddings: Vectors of the pool by another model, or of its objects: a folder of ``embed``; or an
            evaluation of the pool.
        model: The model that is run on the pool; None for the one that was evaluated.
        options: How it is loaded.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images in a batch; None chooses by device.
        workers: Threads that decode; None chooses by cores.
    """

    dataset: str | None = None
    evaluation: Path | None = None
    embeddings: Path | None = None
    model: str | None = None
    options: ModelOptions = _DEFAULT_OPTIONS
    device: str = "auto"
    batch_size: int | None = None
    workers: int | None = None


@dataclass(frozen=True)
class Mined:
    """What was chosen.

    Attributes:
        found: The batch.
        queue: The same as a labelling queue.
        report: What is in ``mining.json``.
    """

    found: EdgeCases
    queue: LabellingQueue
    report: Mapping[str, Any]


def run(
    evaluation: Path,
    pool: PoolSource,
    out: Path,
    *,
    embeddings: Path | None = None,
    blind_spots: Path | None = None,
    confirmed: bool = True,
    groups: Sequence[str] = (),
    where: str | None = None,
    labelled: Sequence[str] = (),
    options: MineOptions | None = None,
    formats: Sequence[str] = FORMATS,
    root: str | None = None,
) -> Mined:
    """Choose images of a pool, and write them as a labelling queue with the reason of each.

    Writes ``labelling_queue.parquet`` and its exports, ``edge_cases.parquet`` (the numbers behind each row),
    ``edge_cases.html`` and ``.png`` (the pictures by group), ``left_out.parquet`` (what was not chosen and
    why), ``proposed_scenarios.yaml``, ``next_steps.md`` and ``mining.json``. The same input gives the same
    bytes. Where the pool is a data set, what the model makes of it is kept beside ``out``, in ``OUT.pool``.

    Args:
        evaluation: What the model did on labelled data.
        pool: Where the pool is.
        out: Folder to write.
        embeddings: Vectors of the evaluated images, or objects, by the model of ``pool.embeddings``; None for
            those of the evaluation.
        blind_spots: Groups of failures, as ``find_blind_spots`` wrote them for this evaluation; None takes
            the confusion cells for groups.
        confirmed: Only blind spots that were confirmed on the other half of the data; the failures of the
            others belong to no group.
        groups: Names of the groups that count; empty for all.
        where: Predicate over the evaluated samples: only failures among those count.
        labelled: What else is labelled already, the training data first of all: evaluation folders or folders
            of embeddings of the same model, whose images are known by their looks, too; or specifications of
            data sets, of which files are compared.
        options: How to choose.
        formats: What the queue is exported to.
        root: Folder that the labelling tool sees, see :func:`seatrial.labelling.export`.

    Raises:
        InputError: Something given cannot be used or does not fit; nothing is written.
        ModelError: The model cannot be run on the pool.
    """
    check_folder(out, WRITTEN)
    wanted = check_formats(formats)
    options = options or MineOptions()
    table = EvaluationTable.read(evaluation)
    failures = Failures.from_evaluation(table)
    known = (
        read_embeddings(embeddings)
        if embeddings is not None
        else evaluated_embeddings(table, str(evaluation))
    )
    rows = embedding_rows(failures, known)
    chosen = targets(
        failures,
        rows,
        None if blind_spots is None else read_groups(blind_spots, failures, confirmed=confirmed),
        only=groups,
        allowed=None if where is None else parse(where).mask(table.samples)[failures.row],
    )
    vectors, files = _labelled(labelled)
    there = _pool(pool, table, out)
    evaluated = Evaluated(known, failures, rows)
    found = mine(there, evaluated, chosen, labelled=vectors, files=files, options=options)
    for remark in found.remarks:
        sys.stderr.write(f"mine: {remark}\n")
    if not found.cases:
        raise InputError("nothing to choose: every image of the pool is labelled already")
    queue = LabellingQueue.of(there.manifest, [_item(there, one) for one in found.cases])
    asked = {
        "blind_spots": blind_spots is not None,
        "confirmed": confirmed,
        "groups": list(groups),
        "where": where,
    }
    report = _report(table, there, failures, found, asked | asdict(options))
    with atomic_folder(out, WRITTEN) as folder:
        _write(folder, table, failures, there, found, report)
        queue.write(folder)
        export(queue, folder, wanted, root=root)
    return Mined(found, queue, report)


def _pool(source: PoolSource, table: EvaluationTable, out: Path) -> Pool:
    """Read or make what is known of the pool."""
    if source.dataset is None and source.evaluation is None and source.embeddings is None:
        raise InputError("expected a pool: a data set, an evaluation of it, or its embeddings")
    if source.dataset is not None and source.evaluation is not None:
        raise InputError("expected a pool or an evaluation of it, got both")
    header = table.header
    evaluated: EvaluationTable | None = None
    if source.dataset is not None:
        evaluated = evaluate_model.run(
            source.model or header.model,
            source.dataset,
            out.with_name(f"{out.name}.pool"),
            options=source.options,
            task=header.task,
            classes=header.classes,
            device=source.device,
            batch_size=source.batch_size,
            workers=source.workers,
        )
    elif source.evaluation is not None:
        evaluated = EvaluationTable.read(source.evaluation)
    vectors = source.embeddings
    if vectors is not None and evaluated is None and (vectors / "evaluation.json").exists():
        evaluated, vectors = EvaluationTable.read(vectors), None
    given = None if vectors is None else read_embeddings(vectors)
    return Pool.of(header.task, header.classes, evaluation=evaluated, embeddings=given)


def _labelled(places: Sequence[str]) -> tuple[dict[str, Embeddings], list[Labelled]]:
    """Read what else is labelled: vectors where there are some, else files."""
    vectors: dict[str, Embeddings] = {}
    files: list[Labelled] = []
    for number, place in enumerate(places, start=1):
        name = "the training data" if len(places) == 1 else f"labelled data {number}"
        if Path(place).is_dir():
            vectors[name] = read_embeddings(Path(place))
            continue
        table = read_dataset(place).table
        columns = [table.column(column).to_pylist() for column in ("id", "content", "uri")]
        files.append(Labelled(name, *columns))
    return vectors, files


def _item(pool: Pool, case: EdgeCase) -> QueueItem:
    return QueueItem(
        case.id,
        case.relevance,
        case.reason,
        case.group,
        pool.predictions[case.place],
        pool.boxes.get(case.id, ()),
    )


def _report(
    table: EvaluationTable,
    pool: Pool,
    failures: Failures,
    found: EdgeCases,
    asked: Mapping[str, Any],
) -> dict[str, Any]:
    header, said = table.header, pool.embeddings.header
    chosen = Counter(one.group for one in found.cases)
    reasons = Counter(reason.partition(":")[0] for _, reason in found.left_out)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation": {
            "model": header.model,
            "model_digest": header.model_digest,
            "dataset": header.dataset,
            "dataset_digest": header.dataset_digest,
            "task": header.task,
            "units": len(failures),
            "failures": int(failures.error.sum()),
        },
        "pool": {
            "dataset": said.get("dataset", ""),
            "dataset_digest": said.get("dataset_digest", ""),
            "embedded_by": said.get("model", ""),
            "level": pool.embeddings.level,
            "images": len(pool),
            "unreadable": pool.broken,
            "uncertainty_known": pool.uncertainty is not None,
        },
        "asked": dict(asked),
        "groups": [
            {"name": one.name, "failures": len(one), "seats": seats, "chosen": chosen[one.name]}
            for one, seats in zip(found.targets, found.seats, strict=False)
        ],
        "chosen": len(found.cases),
        "left_out": dict(sorted(reasons.items())),
        "in_labelled_data": found.overlap.shares,
        "remarks": list(found.remarks),
    }


def _write(
    folder: Path,
    table: EvaluationTable,
    failures: Failures,
    pool: Pool,
    found: EdgeCases,
    report: Mapping[str, Any],
) -> None:
    pq.write_table(_cases_table(found), folder / "edge_cases.parquet")
    left = {name: [one[place] for one in found.left_out] for place, name in enumerate(("id", "reason"))}
    schema = pa.schema([("id", pa.string()), ("reason", pa.string())])
    pq.write_table(pa.table(left, schema=schema), folder / "left_out.parquet")
    write_json(folder / "mining.json", report)
    text = NEW_SUITE
    for one in proposals(failures, found.targets):
        text = extend(
            text,
            one.name,
            table,
            because=one.because,
            ids=one.ids,
            expect=one.expect,
            source=folder / "proposed_scenarios.yaml",
        )
    (folder / "proposed_scenarios.yaml").write_text(
        text if text != NEW_SUITE else "apiVersion: seatrial/v1\nscenarios: {}\n", encoding="utf-8"
    )
    uris = dict(
        zip(table.samples.column("id").to_pylist(), table.samples.column("uri").to_pylist(), strict=True)
    )
    shown = edge_case_rows(found, failures, pool, uris)
    title = f"What to label next: {len(found.cases)} of {len(pool)} images"
    (folder / "edge_cases.html").write_text(contact_sheet(title, found.remarks, shown), encoding="utf-8")
    (folder / "edge_cases.png").write_bytes(contact_picture(shown))
    (folder / "next_steps.md").write_text(next_steps(report), encoding="utf-8")


def _cases_table(found: EdgeCases) -> pa.Table:
    rows = [
        {
            "rank": rank,
            "id": one.id,
            "group": one.group,
            "relevance": one.relevance,
            "likeness": one.likeness,
            "uncertainty": one.uncertainty,
            "novelty": one.novelty,
            "nearest_failure": one.nearest,
            **dict(zip(_SIDES, one.box or (None,) * len(_SIDES), strict=True)),
            "reason": one.reason,
        }
        for rank, one in enumerate(found.cases, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=_CASES)

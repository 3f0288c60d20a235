"""Check a data set: images, labels, duplicates, leakage, values, drift."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seatrial.datasets import DatasetManifest, read_dataset
from seatrial.datasets.attributes import load_attributes, with_attributes
from seatrial.errors import EmptyDatasetError, InputError
from seatrial.evaluation import EvaluationTable, evaluation_of
from seatrial.files import atomic_folder, check_folder, write_text
from seatrial.images import PROPERTIES, ImageStore, using_store
from seatrial.labelling import EXPORT_FILES, check_formats
from seatrial.labelling import export as export_queue
from seatrial.quality import (
    OBJECTS,
    SAMPLES,
    CheckInput,
    CheckOptions,
    Finding,
    QualityReport,
    TrainingDynamics,
    check_columns,
    check_suite,
    chosen_checks,
    empty_reference,
    measure,
    named_twice,
    read_suite,
    run_checks,
    to_fix,
)
from seatrial.reporting.quality_page import quality_markdown, quality_page

__all__ = ["run"]

_WRITTEN = ("quality.json", "findings.parquet", "findings.md", "*.html", *EXPORT_FILES)


def run(
    dataset: str,
    out: Path,
    *,
    reference: str | None = None,
    evaluation: Path | None = None,
    reference_evaluation: Path | None = None,
    expectations: Path | None = None,
    in_sample: bool = False,
    dynamics: Path | None = None,
    options: CheckOptions | None = None,
    only: Sequence[str] = (),
    attributes: Path | None = None,
    checks: Path | None = None,
    export: Sequence[str] = (),
    export_root: str | None = None,
    cache: Path | None = None,
) -> QualityReport:
    """Run the data checks and write their report.

    Args:
        dataset: Specification of the data set to check.
        out: Folder to write: ``quality.json``, ``findings.parquet`` and the pages of Great Expectations
            and Evidently. The same input gives the same bytes.
        reference: Specification of what it is held against, usually the training data.
        evaluation: Evaluation folder of the data set; its image properties are used again, so that images
            are not decoded twice, and its predictions can be checked.
        reference_evaluation: Evaluation folder of the reference by the same model; with both, drift is
            told of predictions and confidence, too.
        expectations: Great Expectations suite (JSON) instead of the proposed one.
        in_sample: The evaluated model was trained on this very data set: what it says of the labels is no
            evidence against them.
        dynamics: Parquet file of the margins of each sample over that training, see
            :class:`~seatrial.quality.TrainingDynamics`.
        options: Thresholds.
        only: Names of the checks to run; empty for all.
        attributes: Python file whose public functions are attributes of the user's, see
            :mod:`seatrial.datasets.attributes`; they are columns to every check.
        checks: Python file whose public functions are checks of the user's.
        export: Formats in which what is to be fixed is written, too, see :func:`seatrial.labelling.export`;
            with any, ``labelling_queue.parquet`` and ``.csv``.
        export_root: Folder, or beginning of URIs, that the labelling tool sees.
        cache: Folder in which measurements of images are kept for later runs, see
            :class:`~seatrial.images.ImageStore`; a run that was killed goes on from there. None keeps none.

    Raises:
        InputError: Something given cannot be used; nothing is written.
        MissingExtraError: A suite was given, but Great Expectations is not installed.
    """
    check_folder(out, _WRITTEN)
    margins = TrainingDynamics.read(dynamics) if dynamics is not None else None
    formats = check_formats(export)
    chosen = chosen_checks(only, checks)
    added = load_attributes(attributes)
    if reference_evaluation is not None and reference is None:
        raise InputError("an evaluation of the reference was given, but no reference")
    store = ImageStore(cache, measuring=True)
    with using_store(store):  # what is read for the digests is measured on the way
        manifest = read_dataset(dataset)
        held_against, noticed = _reference(reference, manifest)
    table = evaluation_of(manifest, evaluation)
    reference_table = evaluation_of(held_against, reference_evaluation) if held_against is not None else None
    described = with_attributes(manifest, added, store)
    suite = _suite(expectations, described, table)
    data = measure(described, table, store=store)
    other = None
    if held_against is not None:
        beside = with_attributes(held_against, added, store)
        other = measure(beside, reference_table, store=store, what="measure reference")
    with atomic_folder(out, _WRITTEN) as folder:
        given = CheckInput(
            data,
            other,
            options or CheckOptions(),
            folder,
            suite,
            table,
            in_sample,
            margins,
            splits=noticed,
            reference_evaluation=reference_table,
        )
        results, findings, pages = run_checks(chosen, given)
        header = {
            "dataset": _identity(manifest),
            "reference": _identity(held_against) if held_against is not None else None,
            "options": asdict(given.options),
        }
        report = QualityReport(header, results, findings, pages)
        report.write_into(folder)
        uris = zip(data.ids, data.strings("uri"), strict=True)
        page = quality_page(report, {one: uri for one, uri in uris if uri is not None})
        write_text(folder / "findings.html", page)
        write_text(folder / "findings.md", quality_markdown(report))
        if formats:
            queue = to_fix(findings, manifest)
            queue.write(folder)
            export_queue(queue, folder, formats, root=export_root)
    return report


def _reference(
    spec: str | None, checked: DatasetManifest
) -> tuple[DatasetManifest | None, tuple[Finding, ...]]:
    """Read the reference; where it is empty or the data set itself, there is a finding instead."""
    if spec is None:
        return None, ()
    try:
        manifest = read_dataset(spec)
    except EmptyDatasetError as error:
        return None, (empty_reference(spec, str(error)),)
    if manifest.digest == checked.digest:
        return None, (named_twice(spec, len(checked)),)
    return manifest, ()


def _suite(
    path: Path | None, manifest: DatasetManifest, evaluation: EvaluationTable | None
) -> dict[str, Any] | None:
    if path is None:
        return None
    suite = read_suite(path)
    check_suite(suite, path)
    check_columns(suite, _columns(manifest, evaluation), path)
    return suite


def _columns(manifest: DatasetManifest, evaluation: EvaluationTable | None) -> dict[str, Sequence[str]]:
    """Name the columns that expectations can be about, before anything is measured."""
    labels = manifest.task == "classification"
    images = PROPERTIES if manifest.table.column("uri").null_count < len(manifest) else ()
    predictions = ("prediction", "confidence") if labels and evaluation is not None else ()
    if manifest.objects is None:
        return {SAMPLES: (*manifest.table.column_names, *images, *predictions)}
    samples = (*manifest.table.column_names, *images, "truths")
    return {SAMPLES: samples, OBJECTS: [name for name in manifest.objects.column_names if name != "mask"]}


def _identity(manifest: DatasetManifest) -> dict[str, Any]:
    return {"name": manifest.name, "digest": manifest.digest, "n": len(manifest)}

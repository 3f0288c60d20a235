"""All checks, in the order in which they run, and how they are run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seatrial.errors import InputError, MissingExtraError
from seatrial.extensions import load_extension, load_functions, names
from seatrial.quality.annotations import annotations
from seatrial.quality.blurred import blurred
from seatrial.quality.broken import broken
from seatrial.quality.check import Check, CheckInput, Found, NotApplicableError
from seatrial.quality.class_balance import class_balance
from seatrial.quality.dark import dark
from seatrial.quality.drift import drift
from seatrial.quality.embedding_duplicates import embedding_duplicates
from seatrial.quality.embedding_leakage import embedding_leakage
from seatrial.quality.exact_duplicates import exact_duplicates
from seatrial.quality.expectations import expectations
from seatrial.quality.finding import CheckResult, Finding
from seatrial.quality.group_leakage import group_leakage
from seatrial.quality.label_errors import label_errors
from seatrial.quality.light import light
from seatrial.quality.low_information import low_information
from seatrial.quality.mask_shapes import mask_shapes
from seatrial.quality.missing_labels import missing_labels
from seatrial.quality.near_duplicates import near_duplicates
from seatrial.quality.near_leakage import near_leakage
from seatrial.quality.noisy import noisy
from seatrial.quality.object_boxes import object_boxes
from seatrial.quality.odd_aspect import odd_aspect
from seatrial.quality.odd_colour import odd_colour
from seatrial.quality.odd_files import odd_files
from seatrial.quality.odd_objects import odd_objects
from seatrial.quality.odd_size import odd_size
from seatrial.quality.outliers import outliers
from seatrial.quality.split_leakage import split_leakage
from seatrial.quality.splits import splits
from seatrial.quality.uniform import uniform

__all__ = ["CHECKS", "chosen_checks", "run_checks"]

GROUP = "seatrial.checks"

#: The checks that come with Seatrial.
CHECKS: Mapping[str, Check] = {
    "splits": splits,
    "broken": broken,
    "odd_files": odd_files,
    "dark": dark,
    "light": light,
    "blurred": blurred,
    "noisy": noisy,
    "low_information": low_information,
    "uniform": uniform,
    "odd_colour": odd_colour,
    "odd_aspect": odd_aspect,
    "odd_size": odd_size,
    "outliers": outliers,
    "exact_duplicates": exact_duplicates,
    "near_duplicates": near_duplicates,
    "embedding_duplicates": embedding_duplicates,
    "split_leakage": split_leakage,
    "near_leakage": near_leakage,
    "embedding_leakage": embedding_leakage,
    "group_leakage": group_leakage,
    "missing_labels": missing_labels,
    "class_balance": class_balance,
    "annotations": annotations,
    "object_boxes": object_boxes,
    "odd_objects": odd_objects,
    "mask_shapes": mask_shapes,
    "label_errors": label_errors,
    "expectations": expectations,
    "drift": drift,
}


def chosen_checks(only: Sequence[str] = (), file: Path | None = None) -> dict[str, Check]:
    """Give the checks to run: all that come with Seatrial, all installed ones and those of a file, or some.

    Args:
        only: Names of checks; empty for all.
        file: Python file whose public functions are checks; None for none.

    Raises:
        InputError: A name is not a check's, two checks have one name, or the file cannot be run.
    """
    added = names(GROUP)
    taken = sorted(set(added) & CHECKS.keys())
    if taken:
        raise InputError(f"extension {taken[0]!r} of {GROUP} is called like a check of Seatrial: rename it")
    own = {} if file is None else load_functions(file)
    taken = sorted(own.keys() & {*CHECKS, *added})
    if taken:
        raise InputError(f"{file}: {taken[0]!r} is called like a check that is there: rename it")
    known = (*CHECKS, *added, *own)
    unknown = [name for name in only if name not in known]
    if unknown:
        raise InputError(f"{unknown[0]!r} is not a check: expected one of {', '.join(known)}")
    mine = {**CHECKS, **own}
    return {name: mine.get(name) or load_extension(GROUP, name) for name in known if not only or name in only}


def run_checks(
    checks: Mapping[str, Check], given: CheckInput
) -> tuple[tuple[CheckResult, ...], tuple[Finding, ...], dict[str, str]]:
    """Run checks one after another; one that crashes is reported as crashed and the others go on.

    Returns:
        How each check ended; all findings by check, then score (worst first), then samples; pages by title.
    """
    results: list[CheckResult] = []
    findings: list[Finding] = []
    pages: dict[str, str] = {}
    for name, check in checks.items():
        result, found = _run_one(name, check, given)
        results.append(result)
        findings += sorted(found.findings, key=lambda one: (-one.score, one.sample_ids, one.message))
        pages.update(found.pages)
    return tuple(results), tuple(findings), pages


def _run_one(name: str, check: Check, given: CheckInput) -> tuple[CheckResult, Found]:
    try:
        found = check(given)
    except (NotApplicableError, MissingExtraError) as reason:
        return CheckResult(name, "skipped", str(reason), 0, 0), Found(())
    except Exception as error:  # noqa: BLE001 - a check that crashes must not hide what the others find
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return CheckResult(name, "crashed", what, 0, 0), Found(())
    samples = {one for finding in found.findings for one in finding.sample_ids}
    return CheckResult(name, "done", "", len(found.findings), len(samples)), found

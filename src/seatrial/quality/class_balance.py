"""Check ``class_balance``: classes that are rare, absent, or rarer than in the reference."""

from collections import Counter

import numpy as np

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.options import CheckOptions
from seatrial.quality.truths import UNITS, class_counts

__all__ = ["class_balance"]


def class_balance(given: CheckInput) -> Found:
    """Report classes without samples, imbalance, and class shares that differ from the reference.

    Counted are samples, for detection objects, for segmentation the images in which a class occurs; samples
    without a label are left out. The score is the number of absent classes, the ratio of the
    largest to the smallest class, or the difference of shares.
    """
    counts = class_counts(given.data)
    if not counts:
        raise NotApplicableError("no sample has a label")
    unit = UNITS[given.data.manifest.task]
    findings = [*_absent(given.data, counts, unit), *_imbalance(counts, given.options, unit)]
    if given.reference is not None and (expected := class_counts(given.reference)):
        findings += _shifted(counts, expected, given.options)
    return Found(tuple(findings))


def _absent(data: MeasuredDataset, counts: Counter[str], unit: str) -> list[Finding]:
    absent = [name for name in data.manifest.classes if name not in counts]
    if not absent:
        return []
    count = f"{len(absent)} of {len(data.manifest.classes)}"
    message = f"{count} classes have no {unit.removesuffix('s')}: {examples(absent)}"
    evidence = {"kind": "absent", "classes": absent}
    return [Finding("class_balance", "warning", message, (), float(len(absent)), evidence)]


def _imbalance(counts: Counter[str], options: CheckOptions, unit: str) -> list[Finding]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    (largest, most), (smallest, fewest) = ordered[0], ordered[-1]
    ratio = most / fewest
    if ratio < options.imbalance_ratio:
        return []
    message = f"imbalanced: {most} {unit} of {largest!r}, {fewest} of {smallest!r}, {ratio:.1f} to one"
    evidence = {"kind": "imbalance", "counts": dict(ordered), "ratio": round(ratio, 6)}
    return [Finding("class_balance", "warning", message, (), round(ratio, 6), evidence)]


def _shifted(counts: Counter[str], expected: Counter[str], options: CheckOptions) -> list[Finding]:
    from scipy.stats import chi2_contingency

    names = sorted(counts.keys() | expected.keys())
    observed = np.array([[side[name] for name in names] for side in (counts, expected)], dtype=np.float64)
    p = float(chi2_contingency(observed, correction=False).pvalue) if len(names) > 1 else 1.0
    if p >= options.class_share_alpha:
        return []
    shares = observed / observed.sum(axis=1, keepdims=True)
    findings = []
    for name, here, there in zip(names, *shares.tolist(), strict=True):
        difference = here - there
        if abs(difference) < options.class_share_shift:
            continue
        message = f"class {name!r} makes up {here:.1%} of the data and {there:.1%} of the reference"
        evidence = {"kind": "shift", "class": name, "share": here, "reference_share": there, "p": p}
        findings.append(Finding("class_balance", "warning", message, (), abs(difference), evidence))
    return findings

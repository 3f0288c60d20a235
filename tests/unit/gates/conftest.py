"""Slice reports, quality reports and policies, written by hand as the steps write them."""

from datetime import date

import pytest

from seatrial.gates import Policy, decide
from seatrial.quality import CheckResult, QualityReport
from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate

TODAY = date(2026, 6, 15)
DATASET = {"name": "val", "digest": "sha256:data", "n": 1000}
HEADER = {
    "task": "classification",
    "classes": ["cracked", "sound"],
    "candidate": {"model": "models:/cells/2", "digest": "sha256:candidate"},
    "baseline": {"model": "models:/cells/1", "digest": "sha256:champion"},
    "dataset": DATASET,
    "failures": 0,
    "confidence": 0.95,
    "replicates": 1000,
    "seed": 7,
    "resampled_by": "sample",
    "group": "group",
    "same_samples": True,
    "sample_problems": [],
}


@pytest.fixture
def row():
    """Write one row of a slice report; numbers that are not given do not matter."""

    def make(
        slice_="all",
        *,
        family=None,
        metric="accuracy",
        class_=None,
        value=0.85,
        low=None,
        high=None,
        n=400,
        size=None,
        champion=None,
        difference=(0.0, -0.02, 0.02, 0.5),
        candidate=None,
        baseline=None,
    ):
        low = value - 0.03 if low is None else low
        high = value + 0.03 if high is None else high
        estimate = Estimate(value, low, high, n)
        if champion is None:
            champion = value - difference[0] if difference else value
        champion_estimate = Estimate(champion, champion - 0.03, champion + 0.03, n)
        return SliceRow(
            slice_,
            family or slice_.split("=")[0],
            {},
            "image",
            metric,
            class_,
            n if size is None else size,
            candidate or estimate,
            baseline or champion_estimate,
            None if difference is None else Difference(*difference, n),
        )

    return make


@pytest.fixture
def report():
    """Put rows into a slice report; keywords replace parts of its header."""

    def make(*rows, slices=None, **header):
        asked = {} if slices is None else {"asked": slices}
        return SliceReport(HEADER | asked | header, tuple(rows), slices=slices)

    return make


@pytest.fixture
def without_champion(report):
    """Put rows into a slice report of a candidate alone."""

    def make(*rows):
        alone = [SliceRow(*(getattr(row, name) for name in SliceRow.__slots__[:8])) for row in rows]
        return report(*alone, baseline=None)

    return make


@pytest.fixture
def quality():
    """Write a quality report of checks by name: (findings, samples) or (status, reason)."""

    def make(dataset=None, **checks):
        results = []
        for name, (first, second) in checks.items():
            if isinstance(first, str):
                results.append(CheckResult(name, first, second, 0, 0))
            else:
                results.append(CheckResult(name, "done", "", first, second))
        return QualityReport({"dataset": dataset or DATASET, "reference": None}, tuple(results), (), {})

    return make


@pytest.fixture
def policy():
    """Write a policy of rules, one flow mapping each; keywords are further sections as YAML text."""

    def make(*rules, **sections):
        lines = ["apiVersion: seatrial/v1"]
        sections = {"slices": "{site: {by: [site]}, night: {where: \"light == 'night'\"}}"} | sections
        lines += [f"{name}: {text}" for name, text in sections.items()]
        lines += ["rules:", *(f"  - {{{rule}}}" for rule in rules)] if rules else []
        return Policy.parse("\n".join(lines), "policy.yaml")

    return make


@pytest.fixture
def judge(policy, report):
    """Judge rows by rules and give the verdict."""

    def make(*rules, rows=(), quality=None, today=TODAY, slices=None, specs=None, **sections):
        measured = slices or report(*rows)
        sections |= {"slices": specs} if specs else {}
        return decide(policy(*rules, **sections), measured, quality, today=today, inputs={})

    return make


@pytest.fixture
def outcomes():
    """Give the outcome of each decision by slice."""

    def make(verdict):
        return {one.slice: str(one.outcome) for one in verdict.decisions}

    return make

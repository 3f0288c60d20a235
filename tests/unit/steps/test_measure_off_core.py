"""``off_core`` is measured on slices, with an interval and against a champion, and the gate refuses on it."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EXPLANATION_SCHEMA, EvaluationHeader, EvaluationTable, Explanations
from seatrial.gates import Outcome
from seatrial.statistics import Estimate
from seatrial.steps import decide_promotion, measure_slices

POLICY = """
apiVersion: seatrial/v1
statistics: {replicates: 200}
defaults: {min_n: 20}
slices:
  police: {where: "label == 'police'"}
rules:
  - {id: uniforms, type: max, slice: police, metric: off_core, value: 0.5}
  - {id: shortcut, type: no_regression, slice: police, metric: off_core}
"""
N = 120


@pytest.fixture
def judged(tmp_path):
    """Write evaluations and explanations of two models, of which the candidate looks at heads; judge it."""

    def write(role, off_core):
        labels = ["police", "civilian"] * (N // 2)
        samples = pa.table(
            {
                "id": [f"i{row}" for row in range(N)],
                "label": labels,
                "prediction": labels,
                "confidence": pa.array([0.9] * N),
                "loss": pa.array([0.1] * N),
                "group": pa.nulls(N, pa.string()),
            }
        )
        header = EvaluationHeader(
            "classification", ("police", "civilian"), role, f"sha256:{role}", "d", "sha256:d", N
        )
        EvaluationTable(header, samples).write(tmp_path / role)
        rng = np.random.default_rng(0)
        rows = [
            {
                "id": f"i{row}",
                "drawn": row % 6 != 5,
                "side": 1,
                "off_core": float(np.clip(off_core[row % 2] + rng.normal(0, 0.05), 0, 1)),
            }
            for row in range(N)
        ]
        known = {"model_digest": f"sha256:{role}", "dataset_digest": "sha256:d", "method": "activation"}
        Explanations(pa.Table.from_pylist(rows, EXPLANATION_SCHEMA), known).write(tmp_path / f"{role} looks")

    def run(candidate, champion, **changes):
        write("candidate", candidate)
        write("champion", champion)
        (tmp_path / "policy.yaml").write_text(POLICY)
        given = {
            "explanations": tmp_path / "candidate looks",
            "baseline_explanations": tmp_path / "champion looks",
        }
        report = measure_slices.run(
            tmp_path / "candidate",
            tmp_path / "slices",
            baseline=tmp_path / "champion",
            policy=tmp_path / "policy.yaml",
            **given | changes,
        )
        verdict = decide_promotion.run(tmp_path / "policy.yaml", tmp_path / "slices", tmp_path / "verdict")
        return report, {one.rule: one.outcome for one in verdict.decisions}

    return run


def row_of(report, slice_):
    return next(row for row in report.rows if (row.slice, row.metric) == (slice_, "off_core"))


def test_a_model_that_looks_at_heads_is_refused(judged):
    report, outcomes = judged((0.8, 0.2), (0.3, 0.2))
    assert outcomes == {"uniforms": Outcome.FAIL, "shortcut": Outcome.FAIL}
    row = row_of(report, "police")
    assert row.candidate.n == 60  # those that were drawn: every sixth image was chosen, and a civilian
    assert row.candidate.low < 0.8 < row.candidate.high
    assert row.difference.value == pytest.approx(0.5)
    assert row_of(report, "all").candidate.n == 100


def test_a_model_that_looks_at_uniforms_passes(judged):
    _, outcomes = judged((0.3, 0.2), (0.3, 0.2))
    assert outcomes == {"uniforms": Outcome.PASS, "shortcut": Outcome.PASS}


def test_what_is_not_certain_is_not_a_pass(judged):
    _, outcomes = judged((0.5, 0.2), (0.3, 0.2))
    assert outcomes["uniforms"] is Outcome.INCONCLUSIVE


def test_without_explanations_the_rules_are_errors_and_other_metrics_are_as_before(judged):
    report, outcomes = judged((0.3, 0.2), (0.3, 0.2), explanations=None, baseline_explanations=None)
    assert set(outcomes.values()) == {Outcome.ERROR}
    assert "off_core" not in {row.metric for row in report.rows}


def test_a_champion_that_nobody_explained_cannot_be_compared_with(judged):
    report, outcomes = judged((0.3, 0.2), (0.3, 0.2), baseline_explanations=None)
    assert outcomes == {"uniforms": Outcome.PASS, "shortcut": Outcome.ERROR}
    assert isinstance(row_of(report, "police").candidate, Estimate)


def test_the_report_names_the_explanations_by_digest(judged, tmp_path):
    report, _ = judged((0.3, 0.2), (0.3, 0.2))
    assert report.header["explanations"] == Explanations.digest(tmp_path / "candidate looks")
    assert report.header["baseline_explanations"] == Explanations.digest(tmp_path / "champion looks")


def test_explanations_of_another_model_are_refused(judged, tmp_path):
    with pytest.raises(InputError, match="expected explanations of the candidate's model"):
        judged((0.3, 0.2), (0.3, 0.2), explanations=tmp_path / "champion looks")

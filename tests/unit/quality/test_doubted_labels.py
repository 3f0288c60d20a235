"""The check ``label_errors`` of a classification, on blobs of points whose labels are known."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.quality import CheckInput, CheckOptions, NotApplicableError, measure
from seatrial.quality.label_errors import HeldOut, doubt_labels, label_errors
from seatrial.quality.training_dynamics import TrainingDynamics
from seatrial.steps import check_data

CLASSES = ("cat", "dog", "eel")
WRONG = (3, 40, 77, 101)


@pytest.fixture
def blobs():
    """Three blobs of 40 points, four of them with a wrong label, and what a model would say."""
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 40)
    vectors = np.eye(3, 8)[truth] + random.normal(0, 0.15, (120, 8))
    labels = truth.copy()
    labels[list(WRONG)] = (truth[list(WRONG)] + 1) % 3
    scores = np.exp(vectors[:, :3] * 8)
    return labels, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32), vectors.astype(np.float32)


def given(labels, scores=None, embeddings=None, *, missing=(), **options):
    n = len(labels)
    names = [None if row in missing else CLASSES[code] for row, code in enumerate(labels)]
    nothing = pa.nulls(n, pa.string())
    images = pa.table(
        {
            "id": [f"s{row}" for row in range(n)],
            "uri": nothing,
            "label": pa.array(names, pa.string()),
            "group": nothing,
            "content": nothing,
        }
    )
    manifest = DatasetManifest("blobs", "classification", CLASSES, images)
    said = labels if scores is None else scores.argmax(axis=1)
    samples = classification_samples(images, CLASSES, np.asarray(said), None, scores)
    header = EvaluationHeader("classification", CLASSES, "m", "sha256:0", "blobs", manifest.digest, n)
    table = EvaluationTable(header, samples, scores, embeddings)
    settings = CheckOptions(label_errors_listed=options.pop("listed", 100))
    return CheckInput(measure(manifest), None, settings, Path(), None, table, **options)


def test_wrong_labels_come_first_each_with_what_it_should_be(blobs):
    labels, scores, vectors = blobs
    found = label_errors(given(labels, scores, vectors)).findings
    first = sorted(found, key=lambda one: -one.score)[: len(WRONG)]
    assert {one.sample_ids[0] for one in first} == {f"s{row}" for row in WRONG}
    for one in first:
        row = int(one.sample_ids[0][1:])
        assert one.evidence["label"] == CLASSES[labels[row]]
        assert one.evidence["suggested_label"] == CLASSES[(labels[row] - 1) % 3]
        assert set(one.evidence["judges"]) == {"model", "neighbours", "embeddings"}
    # confident learning counts three of the four
    assert [one.severity for one in first] == ["warning"] * 3 + ["info"]


def test_labels_that_everybody_believes_are_no_findings(blobs):
    labels, scores, vectors = blobs
    labels = labels.copy()
    labels[list(WRONG)] = (labels[list(WRONG)] - 1) % 3
    assert label_errors(given(labels, scores, vectors)).findings == ()


def test_beyond_the_estimate_doubted_labels_are_notes_up_to_as_many_as_are_asked_for(blobs):
    labels, scores, _ = blobs
    unsure = np.full_like(scores, 1 / 3)
    unsure[np.arange(120), (labels + 1) % 3] += 0.01
    unsure[:60] = scores[:60]
    few, all_ = (label_errors(given(labels, unsure, listed=most)).findings for most in (0, 100))
    assert {one.severity for one in few} <= {"warning"}
    assert len(all_) > len(few)
    assert {one.severity for one in all_[len(few) :]} == {"info"}


def test_a_model_alone_is_judge_enough_and_so_are_embeddings(blobs):
    labels, scores, vectors = blobs
    for one in (given(labels, scores), given(labels, None, vectors)):
        first = sorted(label_errors(one).findings, key=lambda found: -found.score)[: len(WRONG)]
        assert {found.sample_ids[0] for found in first} == {f"s{row}" for row in WRONG}


def test_what_a_model_knows_by_heart_is_no_evidence(blobs):
    labels, _, vectors = blobs
    heart = np.eye(3, dtype=np.float32)[labels]
    note, *found = label_errors(given(labels, heart, vectors, in_sample=True)).findings
    assert (note.evidence["kind"], note.sample_ids, note.severity) == ("in_sample", (), "info")
    assert "not out of sample" in note.message
    assert {one.sample_ids[0] for one in found} >= {f"s{row}" for row in WRONG}
    assert "model" not in found[0].evidence["judges"]
    with pytest.raises(NotApplicableError, match="trained on these labels.*no embeddings"):
        label_errors(given(labels, heart, in_sample=True))


def test_training_that_went_against_a_label_is_evidence(blobs):
    labels, scores, vectors = blobs
    areas = np.where(np.isin(np.arange(120), WRONG), -1.0, 2.0)
    dynamics = TrainingDynamics({f"s{row}": float(area) for row, area in enumerate(areas) if row != 5})
    found = label_errors(given(labels, scores, vectors, dynamics=dynamics)).findings
    assert found[0].evidence["kind"] == "in_sample"
    worst = max(found[1:], key=lambda one: one.score)
    assert worst.evidence["judges"]["training"] == {"margin": -1.0}


def test_samples_without_a_label_are_left_out(blobs):
    labels, scores, vectors = blobs
    found = label_errors(given(labels, scores, vectors, missing=WRONG[:2])).findings
    ids = {one.sample_ids[0] for one in found}
    assert ids >= {f"s{row}" for row in WRONG[2:]}
    assert not ids & {f"s{row}" for row in WRONG[:2]}
    with pytest.raises(NotApplicableError, match="no sample has a label"):
        label_errors(given(labels, scores, missing=range(120)))


def test_an_evaluation_without_probabilities_and_embeddings_cannot_judge(blobs):
    with pytest.raises(NotApplicableError, match="no probabilities.*no embeddings"):
        label_errors(given(blobs[0]))
    with pytest.raises(InputError, match="got neither"):
        doubt_labels(blobs[0], 3)


def test_labels_of_one_class_are_not_doubted(blobs):
    _, scores, vectors = blobs
    doubts = doubt_labels(np.zeros(120, dtype=np.int64), 3, scores=scores, embeddings=vectors)
    assert doubts.estimated == 0


def test_leaving_out_in_closed_form_is_fitting_again_without_the_sample(blobs):
    labels, _, vectors = blobs
    vectors, labels = vectors[::4], labels[::4]
    tenth = np.full(len(labels), 0.05)
    fit = HeldOut.on(vectors, tenth)
    found = fit.probabilities(labels, 3)
    kernel = np.exp(-((fit.vectors[:, None] - fit.vectors[None]) ** 2).sum(axis=2) / fit.scale)
    targets = np.eye(3)[labels] - 1 / 3
    for row in range(len(labels)):
        rest = np.arange(len(labels)) != row
        inverse = np.linalg.inv(kernel[np.ix_(rest, rest)] + 0.2 * np.eye(rest.sum()))
        left = (kernel[row, rest] @ inverse @ targets[rest] + 1 / 3).clip(1e-12, 1)
        assert found[row] == pytest.approx(left / left.sum(), abs=1e-6)


def written(folder, **columns):
    pq.write_table(pa.table(columns), folder / "dynamics.parquet")
    return folder / "dynamics.parquet"


def test_the_area_under_the_margin_is_the_mean_over_the_epochs(tmp_path):
    path = written(tmp_path, id=["a", "b", "a"], epoch=[0, 0, 1], margin=[-1.0, 2.0, 0.0])
    dynamics = TrainingDynamics.read(path)
    assert dynamics.of(["b", "a", "c"]).tolist() == pytest.approx([2.0, -0.5, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"], "margins": [1.0]}, "no column 'margin'; columns are 'id', 'margins'"),
        ({"id": ["a"], "margin": ["high"]}, "column 'margin': expected numbers, got string"),
        ({"id": ["a", "b"], "margin": [1.0, np.inf]}, "row 2, column 'margin': expected a finite number"),
        ({"id": ["a", None], "margin": [1.0, 1.0]}, "row 2, column 'id': expected a sample's id, got none"),
    ],
)
def test_training_dynamics_that_are_none_say_what_is_wrong(tmp_path, columns, message):
    with pytest.raises(InputError, match=message):
        TrainingDynamics.read(written(tmp_path, **columns))
    with pytest.raises(InputError, match="cannot read training dynamics"):
        TrainingDynamics.read(tmp_path / "absent.parquet")


def test_dynamics_that_cannot_be_read_are_told_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="cannot read training dynamics"):
        check_data.run("images:nowhere", tmp_path / "quality", dynamics=tmp_path / "absent.parquet")
    assert not (tmp_path / "quality").exists()

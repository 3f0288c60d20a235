"""What a classifier said of each labelled sample, taken from its evaluation."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import ClassificationSamples

CLASSES = ("cat", "dog", "eel")


def evaluation(labels, predictions, *, scores=None, confidence=None, task="classification", classes=CLASSES):
    header = EvaluationHeader(task, classes, "models:/pets", "0", "pets", "0", len(labels))
    columns = {
        "id": [f"image-{row}" for row in range(len(labels))],
        "label": pa.array(labels, pa.string()),
        "prediction": pa.array(predictions, pa.string()),
    }
    if confidence is not None:
        columns["confidence"] = pa.array(confidence, pa.float64())
    return EvaluationTable(header, pa.table(columns), None if scores is None else np.float32(scores))


def test_labelled_rows_are_kept_and_say_where_they_come_from():
    table = evaluation(["dog", None, "cat"], ["dog", "eel", "eel"])
    samples, rows = ClassificationSamples.from_evaluation(table)
    assert rows.tolist() == [0, 2]
    assert rows.dtype == np.int64
    assert samples.truth.tolist() == [1, 0]
    assert samples.prediction.tolist() == [1, 2]
    assert samples.truth.dtype == samples.prediction.dtype == np.int32
    assert samples.correct.tolist() == [True, False]
    assert samples.classes == CLASSES


def test_scores_are_brought_to_double_precision_and_sum_to_one():
    table = evaluation([None, "cat"], ["dog", "cat"], scores=[[0, 1, 0], [0.6, 0.3, 0.1]])
    samples, _ = ClassificationSamples.from_evaluation(table)
    assert samples.scores.shape == (1, 3)
    assert samples.scores[:].dtype == np.float64
    assert samples.scores[:].sum(axis=1) == pytest.approx(1, abs=1e-15)
    assert samples.confidences == pytest.approx([0.6], abs=1e-7)


def test_an_evaluation_without_labels_gives_no_samples():
    samples, rows = ClassificationSamples.from_evaluation(evaluation([None, None], ["cat", "dog"]))
    assert len(samples) == len(rows) == 0


def test_confidences_stand_in_where_there_are_no_scores():
    samples, _ = ClassificationSamples.from_evaluation(
        evaluation(["cat", None], ["cat", "dog"], confidence=[0.7, None])
    )
    assert samples.confidences.tolist() == [0.7]
    assert samples.losses is None
    assert samples.squared_errors is None


def test_confidences_with_a_gap_are_not_known():
    samples, _ = ClassificationSamples.from_evaluation(
        evaluation(["cat", "cat"], ["cat", "dog"], confidence=[0.7, None])
    )
    assert samples.confidences is None


def test_labels_may_be_dictionary_encoded():
    table = evaluation(["dog", "cat"], ["dog", "eel"])
    column = table.samples.column("label").dictionary_encode()
    encoded = EvaluationTable(table.header, table.samples.set_column(1, "label", column))
    assert ClassificationSamples.from_evaluation(encoded)[0].truth.tolist() == [1, 0]


def test_a_label_that_is_no_class_is_named_with_its_row():
    with pytest.raises(
        InputError, match=r"row 3 \(id 'image-2'\), column 'label': expected one of .* got 'fox'"
    ):
        ClassificationSamples.from_evaluation(evaluation(["cat", None, "fox"], ["cat", "cat", "cat"]))


def test_a_missing_prediction_is_named_with_its_row():
    with pytest.raises(InputError, match=r"row 2 \(id 'image-1'\), column 'prediction': .* got None"):
        ClassificationSamples.from_evaluation(evaluation(["cat", "dog"], ["cat", None]))


@pytest.mark.parametrize("wrong", [[np.nan, 0.5, 0.5], [np.inf, 0, 0], [-0.1, 0.6, 0.5], [0, 0, 0]])
def test_scores_that_are_no_probabilities_are_named_with_their_row(wrong):
    table = evaluation(["cat", "dog"], ["cat", "dog"], scores=[[1, 0, 0], wrong])
    with pytest.raises(InputError, match=r"row 2 \(id 'image-1'\): expected probabilities of 3 classes, got"):
        ClassificationSamples.from_evaluation(table)


def test_scores_of_another_number_of_classes_are_refused():
    with pytest.raises(InputError, match="scores: expected 3 columns, one for each class, got 2"):
        ClassificationSamples.from_evaluation(evaluation(["cat"], ["cat"], scores=[[0.5, 0.5]]))


def test_an_evaluation_of_another_task_is_refused():
    with pytest.raises(InputError, match="models:/pets: expected a classification, got detection"):
        ClassificationSamples.from_evaluation(evaluation(["cat"], ["cat"], task="detection"))


def test_codes_outside_the_classes_are_refused():
    with pytest.raises(InputError, match="prediction: expected class codes from 0 to 1, got 0 to 2"):
        ClassificationSamples(np.int32([0, 1]), np.int32([0, 2]), None, ("cat", "dog"))


def test_arrays_of_different_length_are_refused():
    with pytest.raises(InputError, match=r"prediction: expected shape \(2,\), got \(1,\)"):
        ClassificationSamples(np.int32([0, 1]), np.int32([0]), None, ("cat", "dog"))

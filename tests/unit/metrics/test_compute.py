"""What each metric is, where it has no value, and why."""

import numpy as np
import pytest

from seatrial.errors import InputError
from seatrial.metrics import METRICS, ClassificationSamples, compute, task_metrics

ALL = [name for name in task_metrics("classification") if not METRICS[name].explained]

CLASSES = ("cat", "dog", "eel")


def samples(truth, prediction, *, scores=None, classes=CLASSES, confidence=None):
    return ClassificationSamples(np.int32(truth), np.int32(prediction), scores, classes, confidence)


def once(given, metrics, index=None, *, per_class=False):
    """Compute under weights of one."""
    chosen = np.arange(len(given)) if index is None else np.int64(index)
    return compute(given, chosen, np.ones((1, len(chosen))), metrics, per_class=per_class)


PETS = samples([0, 0, 1, 1], [0, 1, 1, 1])


def test_values_come_metric_by_metric_and_class_by_class():
    keys = list(once(PETS, ["recall", "accuracy"], per_class=True))
    assert keys == [
        ("recall", None),
        ("recall", "cat"),
        ("recall", "dog"),
        ("recall", "eel"),
        ("accuracy", None),
    ]


def test_classes_are_left_out_unless_asked_for():
    assert list(once(PETS, ["f1", "accuracy"])) == [("f1", None), ("accuracy", None)]


def test_a_metric_named_twice_is_computed_once():
    assert list(once(PETS, ["accuracy", "accuracy"])) == [("accuracy", None)]


def test_each_metric_says_how_many_samples_it_rests_on():
    found = once(PETS, ["accuracy", "precision", "recall", "f1"], per_class=True)
    assert {key: one.n for key, one in found.items() if key[1] in {None, "cat"}} == {
        ("accuracy", None): 4,
        ("precision", None): 4,
        ("precision", "cat"): 1,
        ("recall", None): 4,
        ("recall", "cat"): 2,
        ("f1", None): 4,
        ("f1", "cat"): 2,
    }


def test_a_class_that_does_not_occur_has_no_value_and_says_why():
    found = once(PETS, ["precision", "recall", "f1"], per_class=True)
    assert {metric: found[metric, "eel"].reason for metric in ("precision", "recall", "f1")} == {
        "precision": "no sample is predicted as 'eel'",
        "recall": "no sample of class 'eel'",
        "f1": "no sample of class 'eel' and none predicted as it",
    }
    assert all(found[metric, "eel"].n == 0 for metric in ("precision", "recall", "f1"))
    assert all(np.isnan(found[metric, "eel"].values).all() for metric in ("precision", "recall", "f1"))


def test_a_class_that_is_never_predicted_has_recall_zero_and_no_precision():
    found = once(samples([0, 1], [0, 0]), ["precision", "recall", "f1"], per_class=True)
    assert found["recall", "dog"].values.tolist() == [0.0]
    assert found["f1", "dog"].values.tolist() == [0.0]
    assert found["precision", "dog"].reason == "no sample is predicted as 'dog'"


def test_macro_averages_run_over_the_classes_that_occur():
    found = once(PETS, ["recall"])
    assert found["recall", None].values.tolist() == [0.75]
    assert found["recall", None].reason == ""


def test_a_class_that_a_replicate_did_not_draw_is_absent_from_its_macro_average():
    found = compute(PETS, np.arange(4), np.array([[1, 1, 0, 0], [1, 0, 1, 1]]), ["recall"], per_class=True)
    assert found["recall", None].values.tolist() == [0.25, 1.0]  # dog is predicted once, of no sample
    assert np.isnan(found["recall", "dog"].values[0])


def test_a_replicate_that_drew_nothing_has_no_value():
    scores = np.array([[0.6, 0.3, 0.1], [0.4, 0.5, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    given = samples([0, 0, 1, 2], [0, 1, 1, 2], scores=scores)
    found = compute(given, np.arange(4), np.zeros((2, 4), np.uint8), ALL, per_class=True)
    assert all(np.isnan(one.values).all() for one in found.values())
    assert {one.reason for one in found.values()} == {""}


def test_no_samples_give_no_value_and_say_so():
    found = once(PETS, ALL, [], per_class=True)
    assert set(found) == {
        (name, class_) for name in ALL for class_ in (None, *CLASSES * METRICS[name].per_class)
    }
    assert {(one.n, one.reason) for one in found.values()} == {(0, "no labelled sample")}


def test_without_scores_metrics_of_probabilities_say_so():
    found = once(PETS, ["log_loss", "brier", "ece", "auroc"], per_class=True)
    assert {key[0]: one.reason for key, one in found.items()} == {
        "log_loss": "the evaluation holds no class probabilities",
        "brier": "the evaluation holds no class probabilities",
        "ece": "the evaluation holds neither class probabilities nor confidences",
        "auroc": "the evaluation holds no class probabilities",
    }
    assert {one.n for one in found.values()} == {0}


def test_confidences_alone_suffice_for_calibration():
    given = samples([0, 1], [0, 0], confidence=np.array([0.9, 0.9]))
    assert once(given, ["ece"])["ece", None].values == pytest.approx([0.4])


def test_a_model_of_one_class_has_neither_losses_nor_a_ranking():
    given = samples([0, 0], [0, 0], scores=np.ones((2, 1)), classes=("cat",))
    found = once(given, ALL, per_class=True)
    for metric in ("log_loss", "brier", "auroc"):
        assert found[metric, None].reason == "needs a model of at least two classes"
    assert found["auroc", "cat"].reason == "all samples are of class 'cat'"
    assert found["accuracy", None].values.tolist() == [1.0]
    assert found["ece", None].values.tolist() == [0.0]


def test_a_ranking_needs_every_class_and_names_those_that_are_absent():
    given = samples(
        [0, 1, 1], [0, 1, 1], scores=np.array([[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.1, 0.8, 0.1]])
    )
    found = once(given, ["auroc"], per_class=True)
    assert found["auroc", None].reason == "no sample of 1 of 3 classes: 'eel'"
    assert found["auroc", "eel"].reason == "no sample of class 'eel'"
    assert found["auroc", "cat"].values.tolist() == [1.0]
    assert found["auroc", "cat"].n == 3


def test_ties_in_a_ranking_count_half():
    scores = np.array([[0.5, 0.5], [0.5, 0.5], [0.4, 0.6], [0.6, 0.4]])
    given = samples([0, 1, 1, 0], [0, 0, 1, 0], scores=scores, classes=("cat", "dog"))
    assert once(given, ["auroc"])["auroc", None].values.tolist() == [(1 + 1 + 1 + 0.5) / 4]


def test_a_replicate_does_not_depend_on_the_others_to_the_last_bit():
    rng = np.random.default_rng(3)
    scores = rng.dirichlet(np.ones(3), 5000)
    given = samples(rng.integers(0, 3, 5000), scores.argmax(axis=1), scores=scores)
    weights = rng.poisson(1, (600, 5000)).astype(np.uint8)
    together = compute(given, np.arange(5000), weights, ALL, per_class=True)
    for row in (0, 7, 599):
        alone = compute(given, np.arange(5000), weights[row : row + 1], ALL, per_class=True)
        assert {key: one.values[row] for key, one in together.items()} == {
            key: one.values[0] for key, one in alone.items()
        }


def test_weights_of_any_real_type_will_do():
    for kind in (np.uint8, np.int64, np.float32, bool):
        found = compute(PETS, np.arange(4), np.ones((2, 4), kind), ["accuracy"], per_class=False)
        assert found["accuracy", None].values.tolist() == [0.75, 0.75]


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected weights of shape \(R, 4\), got \(4,\)"):
        compute(PETS, np.arange(4), np.ones(4), ["accuracy"], per_class=False)


def test_an_unknown_metric_is_refused():
    with pytest.raises(InputError, match="unknown metric 'acc'"):
        once(PETS, ["acc"])


def test_confusion_lists_the_pairs_that_occur():
    assert PETS.confusion(np.arange(4)) == [(0, 0, 1), (0, 1, 1), (1, 1, 2)]
    assert PETS.confusion(np.int64([1, 3])) == [(0, 1, 1), (1, 1, 1)]
    assert PETS.confusion(np.int64([])) == []

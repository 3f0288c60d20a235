"""The metrics by name."""

import pytest

from seatrial.errors import InputError
from seatrial.metrics import METRICS, metric, task_metrics

TASKS = ("classification", "detection", "segmentation")


def test_the_metrics_carry_the_names_that_policies_use():
    assert task_metrics("classification") == (
        "accuracy", "precision", "recall", "f1", "log_loss", "brier", "ece", "auroc", "off_core",
    )  # fmt: skip
    assert task_metrics("detection") == (
        "map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large",
        "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large", "fp_per_image",
        "precision", "recall", "f1", "ece", "off_core",
    )  # fmt: skip
    assert task_metrics("segmentation") == (
        "miou", "miou_per_image", "dice", "pixel_accuracy", "boundary_iou", "off_core",
    )  # fmt: skip
    assert {name for task in TASKS for name in task_metrics(task)} == set(METRICS)
    assert all(name == one.name for name, one in METRICS.items())


def test_losses_are_better_when_lower():
    assert {one.name for one in METRICS.values() if not one.higher_is_better} == {
        "log_loss",
        "brier",
        "ece",
        "fp_per_image",
        "off_core",
    }


def test_only_accuracy_overall_and_recall_of_a_class_are_shares_of_samples():
    shares = {
        (one.name, class_)
        for one in METRICS.values()
        for class_ in (None, "cat")
        if one.is_proportion(class_)
    }
    assert shares == {("accuracy", None), ("recall", "cat")}


def test_a_slip_of_the_pen_is_answered_with_the_name_that_was_meant():
    with pytest.raises(
        InputError, match=r"unknown metric 'acuracy' \(did you mean 'accuracy'\?\): expected one of"
    ):
        metric("acuracy")


def test_a_name_like_none_is_answered_with_all_of_them():
    with pytest.raises(
        InputError, match="unknown metric 'bleu'.* expected one of 'accuracy', 'precision', .*'off_core'$"
    ):
        metric("bleu")

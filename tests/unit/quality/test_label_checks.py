"""The checks that look at labels."""

import pytest

from seatrial.quality import NotApplicableError
from seatrial.quality.class_balance import class_balance
from seatrial.quality.missing_labels import missing_labels


def labelled(manifest, folder="data", classes=("cat", "dog", "eel"), **counts):
    labels = [name for name, count in counts.items() for _ in range(count)]
    ids = {f"{folder}{row}": None for row in range(len(labels))}
    named = {one: None if label == "none" else label for one, label in zip(ids, labels, strict=True)}
    return manifest(ids, named, classes=classes, folder=folder)


def test_samples_without_a_label_are_one_finding(manifest, given):
    (finding,) = missing_labels(given(labelled(manifest, cat=6, none=2))).findings
    assert finding.sample_ids == ("data6", "data7")
    assert (finding.score, finding.evidence["count"]) == (0.25, 2)
    assert "2 of 8 samples have no label" in finding.message


def test_labels_that_are_all_there_raise_nothing(manifest, given):
    assert missing_labels(given(labelled(manifest, cat=3, dog=3))).findings == ()


def kinds(found):
    return {one.evidence["kind"]: one for one in found.findings}


def test_balanced_classes_raise_nothing(manifest, given):
    assert class_balance(given(labelled(manifest, cat=5, dog=5, eel=4))).findings == ()


def test_classes_without_samples_are_named(manifest, given):
    found = kinds(class_balance(given(labelled(manifest, cat=5, dog=5))))
    assert found["absent"].evidence["classes"] == ["eel"]
    assert set(found) == {"absent"}


def test_imbalance_is_the_ratio_of_the_largest_to_the_smallest_class(manifest, given):
    found = kinds(class_balance(given(labelled(manifest, cat=30, dog=5, eel=3))))
    assert found["imbalance"].score == 10
    assert found["imbalance"].evidence["counts"] == {"cat": 30, "dog": 5, "eel": 3}
    assert class_balance(given(labelled(manifest, cat=29, dog=5, eel=3))).findings == ()


def test_a_class_whose_share_differs_from_the_reference_is_shifted(manifest, given):
    data = labelled(manifest, cat=80, dog=20, eel=20)
    reference = labelled(manifest, "train", cat=40, dog=40, eel=20)
    shifted = {one.evidence["class"]: one.evidence for one in class_balance(given(data, reference)).findings}
    assert set(shifted) == {"cat", "dog"}
    assert shifted["cat"]["share"] == pytest.approx(2 / 3)
    assert shifted["cat"]["reference_share"] == pytest.approx(0.4)


def test_a_difference_that_chance_explains_is_no_shift(manifest, given):
    data, reference = (
        labelled(manifest, cat=6, dog=4, eel=4),
        labelled(manifest, "train", cat=4, dog=6, eel=4),
    )
    assert class_balance(given(data, reference)).findings == ()


def test_a_significant_but_small_difference_is_no_shift(manifest, given):
    data = labelled(manifest, cat=550, dog=450, eel=500)
    reference = labelled(manifest, "train", cat=450, dog=550, eel=500)
    assert class_balance(given(data, reference)).findings == ()


def test_data_without_any_label_have_no_balance(manifest, given):
    with pytest.raises(NotApplicableError, match="no sample has a label"):
        class_balance(given(labelled(manifest, none=3)))

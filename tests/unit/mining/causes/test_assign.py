"""Each failing sample gets the cause that its evidence shows, and no other."""

import numpy as np
import pytest

from seatrial.errors import InputError
from seatrial.mining.causes import ACTIONS, CAUSES, CauseRules, Causes, assign_causes, group_cause

AT_DOGS, AMID_DOGS, FAR = [10.0] * 4, [10.2] * 4, [50.0] * 4
SURE, TORN = [0.001, 0.998, 0.001], [0.4, 0.6, 0.0]
SPREAD = [0.02, 0.5, 0.48]


def causes_of(classified, train, explanations=None, *rows, **changes):
    table = classified(list(rows))
    found = assign_causes(table, np.arange(len(rows)), train=train, explanations=explanations, **changes)
    return found.table.column("cause").to_pylist(), found


def test_a_sample_amid_another_class_of_which_the_model_is_sure_has_a_wrong_label(classified, train):
    (cause,), found = causes_of(classified, train, None, ("cat", "dog", AT_DOGS, SURE))
    assert cause == "wrong_label"
    row = found.table.to_pylist()[0]
    assert (row["a_y"], row["a_pred"]) == (0, 1)
    assert row["rare"] < 0.5
    assert row["action"] == "relabel"
    assert row["reason"] == (
        "1.00 of its training neighbours are what the model says, 0.00 what its label says"
    )


def test_a_sample_far_from_all_training_is_rare_however_sure_the_model_is(classified, train):
    (cause,), found = causes_of(classified, train, None, ("cat", "dog", FAR, SURE))
    assert cause == "rare"
    assert found.table["rare"].to_pylist() == [1.0]


@pytest.mark.parametrize("scores", [TORN, SPREAD])
def test_a_sample_of_which_the_model_is_unsure_is_ambiguous(classified, train, scores):
    assert causes_of(classified, train, None, ("cat", "dog", AT_DOGS, scores))[0] == ["ambiguous"]


def test_what_blanking_the_background_repairs_is_spurious_before_all_else(classified, train, explained):
    known = explained({"id": "val0", "flip": 0.4, "off_core": 0.9}, {"id": "val1", "flip": 0.2})
    wrong = ("cat", "dog", AT_DOGS, SURE)
    found, table = causes_of(classified, train, known, wrong, wrong)
    assert found == ["spurious", "wrong_label"]
    assert table.table["off_core"].to_pylist() == [0.9, None]
    assert table.table["reason"][0].as_py() == "with all but the core blanked the truth gains 0.40"


@pytest.mark.parametrize(
    ("flip", "patch_flip", "transplant", "cause"),
    [
        (None, 0.5, 0.3, "spurious"),
        (None, 0.5, 0.1, "wrong_label"),  # the window helps here alone: it carries nothing over
        (None, 0.2, 0.3, "wrong_label"),
        (0.0, 0.5, 0.3, "wrong_label"),  # with a core, the core decides
        (0.2, 0.5, 0.3, "spurious"),  # two witnesses
        (0.2, 0.5, 0.1, "wrong_label"),
    ],
)
def test_a_window_that_carries_the_prediction_over_is_spurious(
    classified, train, explained, flip, patch_flip, transplant, cause
):
    known = explained({"id": "val0", "flip": flip, "patch_flip": patch_flip, "transplant": transplant})
    assert causes_of(classified, train, known, ("cat", "dog", AT_DOGS, SURE))[0] == [cause]


def test_without_evidence_nothing_is_claimed(classified):
    found, table = causes_of(classified, None, None, ("cat", "dog", AT_DOGS, SURE))
    assert found == ["unexplained"]
    assert table.table["reason"].to_pylist() == [
        "no rule applies; not known: rare, a_y, a_pred, flip, off_core, patch_flip, transplant"
    ]
    assert table.table["action"].to_pylist() == ["look at it"]


def test_every_rule_can_be_missed_by_a_hair(classified, train):
    amid = ("cat", "dog", AT_DOGS, SURE)
    for strict in ({"own": 0.0, "other": 1.0, "rare": 0.0}, {"entropy": 0.0}, {"contest": 0.0}):
        found, _ = causes_of(classified, train, None, amid, rules=CauseRules(**strict))
        assert found[0] in {"rare", "ambiguous"}


def test_a_sample_without_a_finite_embedding_has_no_neighbours(classified, train):
    rows = [("cat", "dog", [np.nan] * 4, SURE), ("cat", "dog", AT_DOGS, SURE)]
    found, table = causes_of(classified, train, None, *rows)
    assert found == ["unexplained", "wrong_label"]
    assert table.table["rare"].to_pylist()[0] is None


def test_training_samples_without_a_finite_embedding_are_left_out(classified, train):
    train.embeddings[:40] = np.nan  # the cats
    assert causes_of(classified, train, None, ("cat", "dog", AT_DOGS, SURE))[0] == ["wrong_label"]
    train.embeddings[1:] = np.nan
    with pytest.raises(
        InputError, match=r"training embeddings: expected at least 2 of finite numbers, got 0 of 120"
    ):
        causes_of(classified, train, None, ("cat", "dog", AT_DOGS, SURE))


def test_constant_embeddings_make_nothing_rare(classified, train):
    train.embeddings[:] = 3
    found, table = causes_of(classified, train, None, ("cat", "dog", [3.0] * 4, SURE))
    assert table.table["rare"].to_pylist() == [0]
    assert found == ["unexplained"]


@pytest.mark.parametrize("what", ["train", "val"])
def test_without_embeddings_there_are_no_neighbours(classified, train, what):
    bare = classified([("cat", "cat", AT_DOGS, SURE)] * 5, name="train", embeddings=False)
    table = classified([("cat", "dog", AT_DOGS, SURE)], embeddings=what == "train")
    found = assign_causes(table, [0], train=bare if what == "train" else train)
    assert found.table["cause"].to_pylist() == ["unexplained"]


def test_without_training_data_nobody_knows_whether_a_model_is_unsure_of_what_it_never_learned(classified):
    table = classified([("cat", "dog", AT_DOGS, TORN)])
    row = assign_causes(table, [0]).table.to_pylist()[0]
    assert row["cause"] == "unexplained"
    assert row["reason"].startswith("no rule applies; not known: rare, a_y")
    assert group_cause(assign_causes(table, [0])).reason.endswith(
        "; with an evaluation of the training data more can be said"
    )


def test_without_probabilities_nothing_is_ambiguous_or_wrongly_labelled(classified, train):
    table = classified([("cat", "dog", AT_DOGS, TORN)], scores=False)
    row = assign_causes(table, [0], train=train).table.to_pylist()[0]
    assert (row["cause"], row["entropy"], row["contest"]) == ("unexplained", None, None)


def test_a_model_of_one_class_has_no_entropy(classified):
    table = classified([("cat", "cat", AT_DOGS, [1.0])], classes=("cat",))
    row = assign_causes(table, [0]).table.to_pylist()[0]
    assert (row["entropy"], row["contest"], row["cause"]) == (0, None, "unexplained")


def test_training_data_of_another_model_is_refused(classified, train):
    table = classified([("cat", "dog", AT_DOGS, SURE)], model="sha256:other")
    with pytest.raises(
        InputError, match=r"the training data was evaluated with another model \('m', sha256:m\)"
    ):
        assign_causes(table, [0], train=train)


def test_embeddings_of_another_width_are_refused(classified, train):
    table = classified([("cat", "dog", [1.0] * 7, SURE)])
    with pytest.raises(InputError, match="embeddings are 7 numbers wide, those of the training samples 4"):
        assign_causes(table, [0], train=train)


def test_rows_that_are_not_there_are_refused(classified, train):
    table = classified([("cat", "dog", AT_DOGS, SURE)])
    with pytest.raises(InputError, match="rows: expected numbers from 0 to 0, got 3"):
        assign_causes(table, [0, 3], train=train)
    with pytest.raises(InputError, match="expected a cell and an object for each of 1 rows, got 2 and 1"):
        assign_causes(table, [0], cells=[("cat", "dog")] * 2)


def test_no_rows_have_no_causes(classified, train):
    assert len(assign_causes(classified([("cat", "cat", AT_DOGS, SURE)]), [], train=train)) == 0


def test_the_order_of_the_rows_does_not_matter(classified, train):
    rows = [("cat", "dog", AT_DOGS, SURE), ("cat", "dog", FAR, SURE), ("cat", "dog", AMID_DOGS, TORN)]
    table = classified(rows)
    one = assign_causes(table, [0, 1, 2], train=train).table.to_pylist()
    other = assign_causes(table, [2, 0, 1], train=train).table.to_pylist()
    assert other == [one[2], one[0], one[1]]


def test_objects_of_a_detection_have_their_own_explanations_and_scores(detection_table, explained):
    table = detection_table(
        ["a"],
        ["cat", "dog"],
        [{"image": "a", "class": "cat", "box": (0, 0, 10, 10)}],
        [
            {"image": "a", "class": "dog", "box": (0, 0, 10, 10), "score": 0.5},
            {"image": "a", "class": "dog", "box": (50, 0, 10, 10), "score": 0.999},
        ],
    )
    known = explained({"id": "a", "object": 0, "flip": 0.9}, {"id": "a", "object": 2, "flip": 0.1})
    found = assign_causes(
        table,
        [0, 0, 0],
        explanations=known,
        cells=[("cat", "dog"), (None, "dog"), (None, "dog")],
        objects=[0, 1, 2],
    ).table
    assert found["cause"].to_pylist() == ["spurious", "unexplained", "unexplained"]
    assert found["entropy"].to_pylist()[1:] == pytest.approx([1.0, 0.011], abs=1e-3)
    assert found["object"].to_pylist() == [0, 1, 2]


def test_causes_are_read_as_they_were_written(classified, train, tmp_path):
    _, found = causes_of(classified, train, None, ("cat", "dog", AT_DOGS, SURE))
    found.write(tmp_path / "causes.parquet")
    first = (tmp_path / "causes.parquet").read_bytes()
    assert Causes.read(tmp_path / "causes.parquet").table == found.table
    found.write(tmp_path / "causes.parquet")
    assert (tmp_path / "causes.parquet").read_bytes() == first
    with pytest.raises(InputError, match=r"cannot read .*nowhere.parquet \(find-blind-spots writes it\)"):
        Causes.read(tmp_path / "nowhere.parquet")


def test_every_cause_has_an_action():
    assert set(ACTIONS) == set(CAUSES)


def test_thresholds_out_of_range_are_refused():
    with pytest.raises(InputError, match="cause rule 'rare': expected a number from 0 to 1, got 1.5"):
        CauseRules(rare=1.5)

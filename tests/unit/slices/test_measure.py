import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices import MeasureOptions, SliceReport, SliceSpec, resampling
from seatrial.slices.measure import measure
from seatrial.statistics import Estimate, NotComputable, mcnemar_midp, tango, wilson

SPECS = {
    "site": SliceSpec.model_validate({"by": ["site"]}),
    "light": SliceSpec.model_validate({"by": {"brightness": {"bins": "quantile", "n": 3}}}),
    "dark": SliceSpec.model_validate({"where": "brightness < 0.3"}),
    "nothing": SliceSpec.model_validate({"where": "brightness > 9"}),
}
QUICK = MeasureOptions(replicates=50)


def right(table, mask=None):
    correct = np.array(table.samples["label"].to_pylist()) == np.array(
        table.samples["prediction"].to_pylist()
    )
    return correct if mask is None else correct[mask]


def test_each_slice_has_each_metric_overall_and_by_class(evaluation):
    report = measure(evaluation(), None, SPECS, QUICK)
    slices = {row.slice for row in report.rows}
    assert len(slices) == 1 + 3 + 3 + 2
    assert len(report.rows) == len(slices) * (8 + 4 * 3)
    assert {row.family for row in report.rows} == {"all", "site", "light", "dark", "nothing"}
    assert report.find("dark", "recall", "owl").class_ == "owl"


def test_accuracy_of_independent_samples_has_wilsons_interval(evaluation):
    candidate = evaluation()
    found = measure(candidate, None, {}, QUICK).find("all", "accuracy").candidate
    correct = right(candidate)
    assert found == Estimate(correct.mean(), *wilson(int(correct.sum()), 60, 0.95), 60)


def test_recall_of_a_class_has_wilsons_interval(evaluation):
    candidate = evaluation()
    owls = np.array(candidate.samples["label"].to_pylist()) == "owl"
    correct = right(candidate, owls)
    found = measure(candidate, None, {}, QUICK).find("all", "recall", "owl").candidate
    assert (found.low, found.high) == wilson(int(correct.sum()), len(correct), 0.95)
    assert found.n == owls.sum()


def test_accuracy_of_two_models_is_compared_by_tango_and_mcnemar(evaluation):
    candidate, champion = evaluation(seed=1), evaluation(seed=2)
    dark = np.array(candidate.samples["brightness"]) < 0.3
    ours, theirs = right(candidate, dark), right(champion, dark)
    gained, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    row = measure(candidate, champion, SPECS, QUICK).find("dark", "accuracy")
    assert (row.difference.low, row.difference.high) == tango(gained, lost, dark.sum(), 0.95)
    assert row.difference.p_worse == mcnemar_midp(gained, lost)
    assert row.difference.value == pytest.approx(row.candidate.value - row.baseline.value)
    assert row.difference.n == row.n == dark.sum()


def test_groups_widen_the_intervals(evaluation):
    table = evaluation(600, skill=0.4)
    blocks = [f"scene {row // 30}" for row in range(600)]
    order = np.argsort(~right(table), kind="stable")  # rows that are right share scenes
    grouped = evaluation(600, skill=0.4, groups=[blocks[place] for place in np.argsort(order)])
    alone = measure(table, None, {}, QUICK)
    together = measure(grouped, None, {}, QUICK)
    narrow, wide = (one.find("all", "accuracy").candidate for one in (alone, together))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert (alone.header["resampled_by"], together.header["resampled_by"]) == ("sample", "group")
    assert together.header["groups"] == 20


def test_a_group_of_one_changes_nothing(evaluation):
    unique = [f"scene {row}" for row in range(59)] + [None]
    report = measure(evaluation(groups=unique), None, {}, QUICK)
    assert report.header["resampled_by"] == "sample"


def test_a_sample_without_group_is_not_drawn_with_a_group_of_its_name(evaluation):
    groups = ["i1", None, *["scene"] * 58]
    report = measure(evaluation(groups=groups), None, {}, QUICK)
    assert report.header["groups"] == 3


def test_another_column_can_group_the_samples(evaluation):
    scenes = {"scene": [row // 2 for row in range(60)]}
    report = measure(evaluation(columns=scenes), None, {}, MeasureOptions(replicates=50, group="scene"))
    assert report.header["groups"] == 30
    with pytest.raises(InputError, match="the column that groups samples: unknown column 'scent'"):
        measure(evaluation(columns=scenes), None, {}, MeasureOptions(group="scent"))


def test_an_empty_slice_says_why_it_has_no_numbers(evaluation):
    row = measure(evaluation(), evaluation(seed=2), SPECS, QUICK).find("nothing", "accuracy")
    assert row.candidate == NotComputable("no labelled sample", 0)
    assert (row.n, row.difference) == (0, None)


def test_unlabelled_samples_are_in_no_number(evaluation):
    labels = [None, "cat", "dog"] * 20
    report = measure(evaluation(labels=labels), None, SPECS, QUICK)
    assert report.find("all", "accuracy").n == 40
    assert report.header["dataset"]["n"] == 60
    assert report.header["dataset"]["labelled"] == 40


def test_an_evaluation_without_labels_is_an_error(evaluation):
    with pytest.raises(InputError, match="none of the 60 samples of 'zoo' has a label"):
        measure(evaluation(labels=[None] * 60), None, {}, QUICK)


def test_without_scores_the_metrics_that_need_them_say_so(evaluation):
    row = measure(evaluation(scores=False), None, {}, QUICK).find("all", "log_loss")
    assert isinstance(row.candidate, NotComputable)
    assert "no class probabilities" in row.candidate.reason


def test_a_champion_without_scores_has_no_difference_in_their_metrics(evaluation):
    report = measure(evaluation(), evaluation(seed=2, scores=False), {}, QUICK)
    row = report.find("all", "brier")
    assert isinstance(row.candidate, Estimate)
    assert isinstance(row.baseline, NotComputable)
    assert row.difference is None
    assert report.find("all", "f1").difference is not None


@pytest.mark.parametrize("theirs", [{"failed": ["i7"]}, {"dataset_digest": "sha256:farm"}])
def test_a_champion_on_other_samples_is_recorded_and_not_compared(evaluation, theirs):
    report = measure(evaluation(), evaluation(seed=2, **theirs), SPECS, QUICK)
    assert report.header["same_samples"] is False
    assert len(report.header["sample_problems"]) == 1
    assert all(row.baseline is None and row.difference is None for row in report.rows)
    assert report.header["baseline"]["model"] == "model-2"


def test_without_a_champion_the_samples_are_the_same(evaluation):
    header = measure(evaluation(failed=["i3"]), None, {}, QUICK).header
    assert (header["baseline"], header["same_samples"], header["failures"]) == (None, True, 1)


def test_the_order_of_the_champions_rows_and_classes_does_not_matter(evaluation):
    champion = evaluation(seed=2)
    order = np.random.default_rng(3).permutation(60)
    columns = [2, 0, 1]
    header = replace(champion.header, classes=tuple(champion.header.classes[column] for column in columns))
    shuffled = type(champion)(
        header, champion.samples.take(pa.array(order)), champion.scores[order][:, columns]
    )
    assert measure(evaluation(), champion, SPECS, QUICK) == measure(evaluation(), shuffled, SPECS, QUICK)


def test_a_model_is_not_different_from_itself(evaluation):
    report = measure(evaluation(), evaluation(), SPECS, QUICK)
    for row in report.rows:
        if row.difference is not None:
            assert row.difference.value == 0
            assert row.difference.p_worse >= 0.5
            assert row.difference.low <= 0 <= row.difference.high


def test_many_classes_are_measured_by_class_on_everything_only(evaluation):
    report = measure(evaluation(), None, SPECS, MeasureOptions(replicates=50, per_class_limit=2))
    assert {row.slice for row in report.rows if row.class_ is not None} == {"all"}


def test_only_the_metrics_that_are_asked_for_are_measured(evaluation):
    report = measure(evaluation(), None, {}, MeasureOptions(replicates=20, metrics=("f1", "accuracy")))
    assert list(dict.fromkeys(row.metric for row in report.rows)) == ["accuracy", "f1"]


def test_no_replicates_leave_points_and_closed_forms(evaluation):
    report = measure(evaluation(), evaluation(seed=2), {}, MeasureOptions(replicates=0))
    assert report.find("all", "accuracy").difference is not None
    f1 = report.find("all", "f1")
    assert (f1.candidate.low, f1.candidate.high, f1.difference) == (None, None, None)


def test_how_the_work_is_cut_does_not_change_a_bit(evaluation, monkeypatch):
    whole = measure(evaluation(), evaluation(seed=2), SPECS, QUICK)
    monkeypatch.setattr(resampling, "BLOCK_BYTES", 60 * 7)
    monkeypatch.setattr(resampling, "BATCH_BYTES", 1)
    assert measure(evaluation(), evaluation(seed=2), SPECS, QUICK) == whole


def test_the_seed_changes_the_intervals_and_nothing_else(evaluation):
    one, other = (
        measure(evaluation(), None, {}, MeasureOptions(replicates=50, seed=seed)).find("all", "f1").candidate
        for seed in (1, 2)
    )
    assert one.value == other.value
    assert (one.low, one.high) != (other.low, other.high)


def test_two_runs_write_the_same_bytes_and_read_back_as_they_were(evaluation, tmp_path):
    for name in ("one", "other"):
        report = measure(evaluation(), evaluation(seed=2), SPECS, QUICK)
        report.write(tmp_path / name)
    for name in ("slice_report.json", "slice_report.parquet", "confusion.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert SliceReport.read(tmp_path / "one") == report


def test_the_report_holds_the_fitted_slices_ready_for_a_policy(evaluation):
    report = measure(evaluation(), None, SPECS, QUICK)
    again = {name: SliceSpec.model_validate(fields) for name, fields in report.slices.items()}
    assert again["light"].by["brightness"].edges is not None
    assert [row.slice for row in measure(evaluation(), None, again, QUICK).rows] == [
        row.slice for row in report.rows
    ]
    assert json.dumps(report.slices)


def test_the_confusion_of_a_slice_counts_its_samples(evaluation):
    report = measure(evaluation(), evaluation(seed=2), SPECS, QUICK)
    for model in ("candidate", "baseline"):
        cells = [cell for cell in report.confusion if (cell.slice, cell.model) == ("dark", model)]
        assert sum(cell.count for cell in cells) == report.find("dark", "accuracy").n


def test_reliability_is_of_everything_for_both_models(evaluation):
    report = measure(evaluation(), evaluation(seed=2), SPECS, QUICK)
    for model in ("candidate", "baseline"):
        assert sum(one["n"] for one in report.reliability if one["model"] == model) == 60


@pytest.mark.parametrize(
    ("ours", "specs", "problem"),
    [
        ({"shard": (0, 4)}, {}, "the candidate's evaluation is shard 1 of 4: merge the shards first"),
        ({"size": 61}, {}, "not whole: expected 61 images of 'zoo', got 60 and 0 that could not be read"),
        ({}, {"tiny": {"where": "night == true", "level": "object"}}, "slice 'tiny' is of level object"),
    ],
)
def test_what_cannot_be_measured_is_an_error(evaluation, ours, specs, problem):
    specs = {name: SliceSpec.model_validate(fields) for name, fields in specs.items()}
    with pytest.raises(InputError, match=problem):
        measure(evaluation(**ours), None, specs, QUICK)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"confidence": 1.0}, "confidence: expected a share between 0 and 1, got 1.0"),
        ({"replicates": -1}, "replicates: expected 0 or more, got -1"),
        ({"metrics": ("acuracy",)}, r"unknown metric 'acuracy' \(did you mean 'accuracy'"),
    ],
)
def test_options_out_of_range_are_an_error(fields, problem):
    with pytest.raises(InputError, match=problem):
        MeasureOptions(**fields)

"""Detection and segmentation, measured slice by slice as classification is."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics import METRICS, task_metrics
from seatrial.slices import MeasureOptions, SliceReport, SliceSpec, resampling
from seatrial.slices.defaults import default_specs
from seatrial.slices.measure import measure
from seatrial.slices.report import BACKGROUND
from seatrial.statistics import Estimate, NotComputable

QUICK = MeasureOptions(replicates=30)
SITE = {"site": SliceSpec.model_validate({"by": ["site"]})}
OBJECTS = {
    "size": SliceSpec.model_validate({"level": "object", "by": ["size"]}),
    "hidden": SliceSpec.model_validate({"level": "object", "by": ["hidden"]}),
    "at_b7": SliceSpec.model_validate({"level": "object", "where": "site == 'B7' and class == 'car'"}),
    "vast": SliceSpec.model_validate({"level": "object", "where": "area > 1e6"}),
}
BOTH = SITE | OBJECTS


def pair_of(build):
    return build(seed=1), build(seed=2)


def measured(task):
    """Metrics that need no explanations."""
    return [name for name in task_metrics(task) if not METRICS[name].explained]


def test_each_slice_of_a_detection_has_each_metric_overall_and_by_class(detections):
    report = measure(*pair_of(detections), BOTH, QUICK)
    names = list(dict.fromkeys(row.slice for row in report.rows))
    assert names == [
        *("all", "site=A1", "site=B7", "site=∅", "size=medium", "size=small"),
        *("hidden=false", "hidden=true", "at_b7", "vast"),
    ]
    assert {(row.slice, row.metric, row.class_) for row in report.rows} == {
        (name, metric, class_)
        for name in names
        for metric in measured("detection")
        for class_ in ((None,) if metric == "ece" else (None, "car", "bus"))
    }
    assert {row.slice for row in report.rows if row.level == "object"} == set(names[4:])


def test_each_slice_of_a_segmentation_has_each_metric_overall_and_by_class(segmentations):
    report = measure(*pair_of(segmentations), SITE, QUICK)
    assert {(row.metric, row.class_) for row in report.rows if row.slice == "site=A1"} == {
        (metric, class_)
        for metric in measured("segmentation")
        for class_ in ((None,) if metric == "pixel_accuracy" else (None, "sky", "sea", "ship"))
    }
    assert all(isinstance(row.candidate, Estimate) and row.difference for row in report.rows)


def test_a_slice_of_objects_holds_as_many_samples_as_true_objects(detections):
    table = detections()
    truths = [row for row in table.objects.to_pylist() if row["role"] == "truth"]
    report = measure(table, None, OBJECTS, QUICK)
    for hidden in (True, False):
        row = report.find(f"hidden={str(hidden).lower()}", "recall")
        assert row.n == sum(one["hidden"] is hidden for one in truths)
        assert isinstance(row.candidate, Estimate)
    assert {row.n for row in report.rows if row.slice == "vast"} == {0}
    assert all(isinstance(row.candidate, NotComputable) for row in report.rows if row.slice == "vast")


def test_an_axis_of_objects_divides_the_true_objects(detections):
    report = measure(detections(), None, OBJECTS, QUICK)
    truths = report.header["dataset"]["objects"]
    assert truths == sum(row["role"] == "truth" for row in detections().objects.to_pylist())
    for family in ("size", "hidden"):
        sizes = {row.slice: row.n for row in report.rows if row.family == family}
        assert sum(sizes.values()) == truths
        assert min(sizes.values()) > 0


def test_no_value_rests_on_more_samples_than_its_slice_holds(detections, segmentations):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        for row in measure(*pair_of(build), specs, QUICK).rows:
            assert row.candidate.n <= row.n, (row.slice, row.metric, row.class_)


def test_what_rests_on_false_positives_is_not_computable_where_they_belong_to_no_slice(detections):
    report = measure(*pair_of(detections), OBJECTS, QUICK)
    for metric, computable in (("map_50", False), ("precision", False), ("recall", True), ("ar_100", True)):
        row = report.find("hidden=true", metric)
        assert isinstance(row.candidate, Estimate) == computable
        assert (row.difference is not None) == computable
        assert isinstance(report.find("size=small", metric).candidate, Estimate)


def test_objects_of_a_segmentation_are_an_error(segmentations):
    with pytest.raises(
        InputError, match="slice 'size' is of level object, but a segmentation has no objects"
    ):
        measure(segmentations(), None, OBJECTS, QUICK)


def test_an_evaluation_without_annotated_images_is_an_error(detections, segmentations):
    for build in (detections, segmentations):
        table = build()
        samples = table.samples.set_column(1, "annotated", pa.array([False] * 24))
        pixels = None if table.pixels is None else table.pixels.slice(0, 0)
        with pytest.raises(InputError, match="none of the 24 samples of '.*' is annotated"):
            measure(replace(table, samples=samples, pixels=pixels), None, {}, QUICK)


def test_a_model_is_not_different_from_itself(detections, segmentations):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        for row in measure(build(), build(), specs, QUICK).rows:
            if row.difference is not None:
                assert row.difference.value == 0
                assert row.difference.p_worse >= 0.5


def test_the_order_of_the_champions_classes_does_not_matter(detections, segmentations):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        candidate, champion = pair_of(build)
        header = replace(champion.header, classes=champion.header.classes[::-1])
        renamed = replace(champion, header=header)
        assert measure(candidate, renamed, specs, QUICK) == measure(candidate, champion, specs, QUICK)


def test_a_champion_with_other_truths_is_recorded_and_not_compared(detections):
    candidate, champion = pair_of(detections)
    rows = champion.objects.to_pylist()
    first = next(number for number, row in enumerate(rows) if row["role"] == "truth")
    rows[first]["x"] += 1
    other = replace(champion, objects=pa.Table.from_pylist(rows, champion.objects.schema))
    report = measure(candidate, other, BOTH, QUICK)
    assert report.header["same_samples"] is False
    assert report.header["sample_problems"] == [
        f"1 samples have other true objects: {rows[first]['image']!r}"
    ]
    assert all(row.baseline is None and row.difference is None for row in report.rows)
    assert "baseline" not in report.details


def test_the_operating_point_moves_the_metrics_at_it_and_no_others(detections):
    table = detections()
    usual, strict = (
        measure(table, None, {}, MeasureOptions(replicates=0, score=score)) for score in (0.5, 0.9)
    )
    assert usual.find("all", "recall").candidate.value > strict.find("all", "recall").candidate.value
    assert usual.find("all", "map_50") == strict.find("all", "map_50")
    assert strict.header["detection"] == {"score": 0.9, "iou": 0.5, "geometry": "box"}


def test_masks_that_are_not_there_cannot_overlap(detections):
    with pytest.raises(InputError, match="column 'mask'"):
        measure(detections(), None, {}, MeasureOptions(geometry="mask"))


def test_a_detections_report_counts_background_errors_and_classes(detections):
    report = measure(*pair_of(detections), BOTH, QUICK)
    whole = [cell for cell in report.confusion if (cell.slice, cell.model) == ("all", "candidate")]
    truths = [row for row in detections(seed=1).objects.to_pylist() if row["role"] == "truth"]
    assert sum(cell.count for cell in whole if cell.label != BACKGROUND) == len(truths)
    assert {BACKGROUND} <= {cell.prediction for cell in whole}
    assert {row.slice for row in report.confusion} == {"all", "site=A1", "site=B7", "site=∅"}
    for role in ("candidate", "baseline"):
        about = report.details[role]
        assert [one["kind"] for one in about["errors"]][-1] == "missed"
        assert sum(one["truths"] for one in about["class_counts"]) == len(truths)
        assert about["saturated_images"] == 0
        assert 0 < about["lowest_score"] < 1
    assert {one["model"] for one in report.reliability} == {"candidate", "baseline"}


def test_a_segmentations_confusion_counts_pixels(segmentations):
    table = segmentations()
    report = measure(table, None, SITE, QUICK)
    counted = sum(cell.count for cell in report.confusion if cell.slice == "all")
    assert counted == sum(table.pixels.column("pixels").to_pylist())
    assert report.reliability == ()


def test_predictions_that_were_cut_off_are_told(detections):
    table = detections()
    high = [row for row in table.objects.to_pylist() if row["role"] == "truth" or row["score"] > 0.4]
    cut = replace(table, objects=pa.Table.from_pylist(high, table.objects.schema))
    (warning,) = measure(cut, table, {}, QUICK).header["warnings"]
    assert warning.startswith("candidate: no prediction has a score below 0.4")


def test_many_classes_are_measured_by_class_on_everything_only(detections, segmentations):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        report = measure(build(), None, specs, replace(QUICK, per_class_limit=1))
        assert {row.slice for row in report.rows if row.class_ is not None} == {"all"}
        assert {cell.slice for cell in report.confusion} == {"all"}


def test_means_over_the_classes_of_a_slice_are_there_where_it_lacks_some(detections):
    report = measure(detections(), None, BOTH, replace(QUICK, per_class_limit=1))
    matched = {(one["slice"], one["metric"]): one for one in report.details["class_matched"]}
    assert {name for name, metric in matched if metric == "map_50"} == {"at_b7"}
    one = matched["at_b7", "map_50"]
    assert (one["classes"], one["of"]) == (1, 2)
    assert one["value"] == report.find("all", "map_50", "car").candidate.value
    assert not {"precision", "f1", "fp_per_image"} & {metric for _, metric in matched}


def test_groups_are_drawn_together(detections, segmentations):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        table = build()
        scenes = pa.array([f"scene {row // 4}" for row in range(24)])
        place = table.samples.schema.get_field_index("group")
        grouped = replace(table, samples=table.samples.set_column(place, "group", scenes))
        header = measure(grouped, None, specs, QUICK).header
        assert (header["resampled_by"], header["groups"]) == ("group", 6)


def written(folder, report):
    report.write(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("count", [2, 5])
def test_any_sharding_gives_the_same_bytes(detections, segmentations, tmp_path, count):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        whole = build()
        shards = []
        for index in range(count):
            start, stop = 24 * index // count, 24 * (index + 1) // count
            samples = whole.samples.slice(start, stop - start)
            ids = set(samples.column("id").to_pylist())
            parts = {}
            for name in ("objects", "pixels"):
                table = getattr(whole, name)
                if table is not None:
                    of_shard = [one in ids for one in table.column("image").to_pylist()]
                    parts[name] = table.filter(pa.array(of_shard))
            header = replace(whole.header, shard=(index, count))
            shards.append(EvaluationTable(header, samples, **parts))
        merged = EvaluationTable.merge(shards[::-1])
        task = whole.header.task
        assert written(tmp_path / f"{task} whole", measure(whole, None, specs, QUICK)) == written(
            tmp_path / f"{task} merged", measure(merged, None, specs, QUICK)
        )


def test_the_order_of_the_images_does_not_matter(detections, segmentations):
    order = np.random.default_rng(3).permutation(24)
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        table = build()
        place = {f"i{row}": number for number, row in enumerate(order.tolist())}
        parts = {}
        for name in ("objects", "pixels"):
            rows = getattr(table, name)
            if rows is not None:
                key = [place[one] for one in rows.column("image").to_pylist()]
                parts[name] = rows.take(pa.array(np.argsort(key, kind="stable")))
        shuffled = replace(table, samples=table.samples.take(pa.array(order)), **parts)
        for one, other in zip(
            measure(table, None, specs, QUICK).rows, measure(shuffled, None, specs, QUICK).rows, strict=True
        ):
            assert (one.slice, one.metric, one.class_, one.n) == (
                other.slice,
                other.metric,
                other.class_,
                other.n,
            )
            if isinstance(one.candidate, Estimate):
                ours, theirs = one.candidate, other.candidate
                assert (ours.value, ours.low, ours.high) == pytest.approx(
                    (theirs.value, theirs.low, theirs.high), abs=1e-12
                )


def test_how_the_work_is_cut_does_not_change_a_bit(detections, segmentations, monkeypatch):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        whole = measure(*pair_of(build), specs, QUICK)
        with monkeypatch.context() as patch:
            patch.setattr(resampling, "BLOCK_BYTES", 24 * 7)
            patch.setattr(resampling, "BATCH_BYTES", 1)
            assert measure(*pair_of(build), specs, QUICK) == whole
        with monkeypatch.context() as patch:
            patch.setattr(resampling, "MANY_WEIGHTS", 1)
            assert measure(*pair_of(build), specs, QUICK) == whole


def test_a_report_reads_back_as_it_was(detections, segmentations, tmp_path):
    for build, specs in ((detections, BOTH), (segmentations, SITE)):
        report = measure(*pair_of(build), specs, QUICK)
        folder = tmp_path / report.header["task"]
        report.write(folder)
        assert SliceReport.read(folder) == report


def test_the_fitted_slices_can_be_measured_again(detections):
    by_area = {
        "area": SliceSpec.model_validate({"level": "object", "by": {"area": {"bins": "quantile", "n": 3}}})
    }
    report = measure(detections(seed=1), None, by_area, QUICK)
    fitted = {name: SliceSpec.model_validate(spec) for name, spec in report.slices.items()}
    assert len(fitted["area"].by["area"].edges) == 2
    again = measure(detections(seed=1), None, fitted, QUICK)
    assert [row.slice for row in again.rows] == [row.slice for row in report.rows]


def test_slices_of_images_and_of_objects_have_names_of_their_own(detections):
    both = {
        "of_images": SliceSpec.model_validate({"by": ["site"]}),
        "of_objects": SliceSpec.model_validate({"level": "object", "by": ["site"]}),
    }
    with pytest.raises(
        InputError, match="two slices are called 'site=A1', of 'of_images' and of 'of_objects'"
    ):
        measure(detections(), None, both, QUICK)


def test_without_a_policy_objects_are_sliced_by_their_boxes_and_annotations(detections):
    specs, left_out = default_specs(detections())
    assert list(specs) == ["site", "object_size", "object_crowding", "object_hidden"]
    assert specs["object_size"].level == "object"
    assert left_out["object_touches_border"] == "has one value only"
    assert "one value only" in left_out["width"]
    assert {row.family for row in measure(detections(), None, specs, QUICK).rows} == {"all", *specs}


def test_an_attribute_of_objects_that_is_called_as_one_of_images_is_left_out(detections):
    table = detections()
    named = replace(table, samples=table.samples.append_column("crowding", pa.array([0, 1] * 12)))
    specs, left_out = default_specs(named)
    assert "object_crowding" not in specs
    assert "attribute of the images" in left_out["object_crowding"]

"""What must hold of the metrics of detectors on any data."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seatrial.metrics import METRICS, DetectionSamples, compute, task_metrics

ALL = list(task_metrics("detection"))
#: One or ten predictions of a class and image cannot find all that is there.
PERFECTIBLE = [name for name in ALL if METRICS[name].higher_is_better and name not in {"ar_1", "ar_10"}]
SEEDS = st.integers(0, 2**32 - 1)


def values(samples, index=None, weights=None, metrics=ALL):
    chosen = np.arange(len(samples)) if index is None else np.asarray(index)
    given_weights = (
        np.ones((1, len(chosen))) if weights is None else np.atleast_2d(np.asarray(weights, float))
    )
    found = compute(samples, chosen, given_weights, metrics, per_class=True)
    return {key: one.values for key, one in found.items()}


def same(one, other, within=1e-12):
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert value == pytest.approx(other[key], abs=within, nan_ok=True), key


def has_a_choice(samples):
    """Whether some prediction overlaps two truths of its class, so that ignoring one gives it the other."""
    truths, predictions = samples.truths, samples.predictions
    low = np.maximum(predictions.box[:, None, :2], truths.box[None, :, :2])
    ends = [one.box[:, :2] + one.box[:, 2:] for one in (predictions, truths)]
    both = np.maximum(np.minimum(ends[0][:, None], ends[1][None]) - low, 0).prod(axis=2)
    sizes = [one.box[:, 2:].prod(axis=1) for one in (predictions, truths)]
    either = sizes[0][:, None] + np.where(truths.crowd, 0, sizes[1] - both)
    alike = [getattr(predictions, key)[:, None] == getattr(truths, key) for key in ("image", "label")]
    return bool(((both / either >= 0.5 - 1e-9) & alike[0] & alike[1]).sum(axis=1).max(initial=0) > 1)


def perfect(detection_table, truths):
    """A detector that says what is there, with some score."""
    rng = np.random.default_rng(len(truths))
    found = [{**one, "score": float(rng.uniform(0.5, 1))} for one in truths]
    images = [f"image {number}" for number in range(4)]
    return detection_table(images, ["cat", "dog"], truths, found)


@st.composite
def true_objects(draw):
    """Draw objects of which no two of a class overlap by half or more."""
    objects = []
    for number in range(draw(st.integers(1, 12))):
        side = draw(st.sampled_from([8, 20, 60, 150]))
        kind, image = draw(st.sampled_from(["cat", "dog"])), f"image {draw(st.integers(0, 3))}"
        box = (200 * number, draw(st.integers(0, 50)), side, side)
        objects.append({"image": image, "class": kind, "box": box, "occluded": draw(st.booleans())})
    return objects


@settings(max_examples=30, deadline=None)
@given(truths=true_objects(), data=st.data())
def test_a_perfect_detector_scores_one_on_every_slice_of_objects(detection_table, truths, data):
    table = perfect(detection_table, truths)
    samples, _ = DetectionSamples.from_evaluation(table)
    chosen = data.draw(st.lists(st.booleans(), min_size=2 * len(truths), max_size=2 * len(truths)))
    found = values(samples.at_objects(np.array(chosen), false_positives=True))
    for name, class_ in found:
        if name in PERFECTIBLE:
            value = float(found[name, class_][0])
            assert np.isnan(value) or value == pytest.approx(1, abs=1e-12), (name, class_)
        elif name == "fp_per_image":
            assert float(found[name, class_][0]) == 0
    role = np.array(table.objects.column("role").to_pylist())
    if (np.array(chosen) & (role == "truth")).any():
        assert float(found["map_50_95", None][0]) == pytest.approx(1)
        assert float(found["recall", None][0]) == 1


@settings(max_examples=20, deadline=None)
@given(truths=true_objects(), data=st.data())
def test_a_duplicate_or_a_stray_box_in_the_slice_lowers_precision_and_outside_it_does_not(
    detection_table, truths, data
):
    least = float(np.median([one["box"][2] for one in truths]))
    which = data.draw(st.sampled_from([one for one in truths if one["box"][2] >= least]))
    extra = data.draw(st.sampled_from(["duplicate", "stray"]))
    box = which["box"] if extra == "duplicate" else (which["box"][0], 900, *which["box"][2:])
    again = {"image": which["image"], "class": which["class"], "box": box, "score": 0.99}
    images = [f"image {number}" for number in range(4)]
    predictions = [{**one, "score": 0.95 if one is which else 0.9} for one in truths]
    table = detection_table(images, ["cat", "dog"], truths, [*predictions, again])
    samples, _ = DetectionSamples.from_evaluation(table)
    width = table.objects.column("width").to_numpy()
    inside = samples.at_objects(width >= least, false_positives=True)
    outside = samples.at_objects(width < least, false_positives=True)
    inner, outer = values(inside), values(outside)
    of_class = [one for one in truths if one["class"] == which["class"] and one["box"][2] >= least]
    # a duplicate that nothing of its class follows lowers no precision at any recall
    assert float(inner["map_50", None][0]) < 1 or (extra == "duplicate" and len(of_class) == 1)
    assert float(inner["precision", None][0]) < 1
    assert float(inner["fp_per_image", None][0]) == pytest.approx(1 / 4)
    assert float(inner["recall", None][0]) == 1
    assert float(outer["fp_per_image", None][0]) == 0
    if least > min(one["box"][2] for one in truths):
        assert float(outer["map_50", None][0]) == pytest.approx(1)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_slices_of_objects_that_part_all_objects_share_out_finds_and_false_positives(drawn_detections, seed):
    samples = drawn_detections(seed)
    assume(not has_a_choice(samples))
    rng = np.random.default_rng(seed)
    members = rng.random(len(samples.truths) + len(samples.predictions)) < 0.5
    parts = [samples.at_objects(one, false_positives=True) for one in (members, ~members)]
    assert sum(part.operating.false.sum() for part in parts) == samples.operating.false.sum()
    assert sum((~part.truths.ignored).sum() for part in parts) == (~samples.truths.ignored).sum()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_a_slice_without_its_own_false_positives_has_recalls_alone(drawn_detections, seed):
    samples = drawn_detections(seed)
    assume((~samples.truths.ignored).any())
    everything = np.ones(len(samples.truths) + len(samples.predictions), dtype=bool)
    blind = samples.at_objects(everything, false_positives=False)
    found = compute(blind, np.arange(4), np.ones((1, 4)), ALL, per_class=False)
    full = compute(samples, np.arange(4), np.ones((1, 4)), ALL, per_class=False)
    for (name, _), one in found.items():
        if name == "recall" or name.startswith("ar_"):
            assert one.reason == full[name, None].reason
            np.testing.assert_array_equal(one.values, full[name, None].values)
        elif name != "off_core":  # which is of images, and is not measured without explanations
            assert "a false positive has no annotation" in one.reason
            assert np.isnan(one.values).all()
    assert blind.errors(np.arange(4)) == []


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_the_order_in_which_images_are_named_never_matters(drawn_detections, seed, data):
    samples = drawn_detections(seed)
    index = data.draw(st.permutations(range(4)))
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4)))
    same(values(samples, index, weights[list(index)]), values(samples, weights=weights))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_a_weight_of_k_is_naming_the_image_k_times(drawn_detections, seed, data):
    samples = drawn_detections(seed)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))
    assume(any(weights))
    same(values(samples, weights=weights), values(samples, np.repeat(np.arange(4), weights)))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, factor=st.integers(2, 9))
def test_weights_matter_only_in_proportion(drawn_detections, seed, factor):
    samples = drawn_detections(seed)
    same(values(samples), values(samples, weights=np.full(4, factor)), within=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 70))
def test_a_replicate_is_the_same_to_the_last_bit_whichever_others_are_computed_with_it(
    drawn_detections, seed, size
):
    samples = drawn_detections(seed, images=6, classes=12)
    weights = np.random.default_rng(seed).poisson(1, (size, 6))
    together = values(samples, weights=weights)
    alone = values(samples, weights=weights[size // 2])
    for key, value in together.items():
        assert value[size // 2].tobytes() == alone[key].tobytes(), key


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_number_of_threads_changes_no_bit(drawn_detections, monkeypatch, count):
    from numba import config

    samples = drawn_detections(5, images=60, classes=5)
    weights = np.random.default_rng(0).poisson(1, (3000, 60))
    assert len(samples.predictions) * len(weights) > 2**18
    monkeypatch.setattr(config, "NUMBA_NUM_THREADS", count)
    expected = values(samples, weights=weights[:50], metrics=["map_50_95", "map_small"])
    found = values(samples, weights=weights, metrics=["map_50_95", "map_small"])
    for key, value in found.items():
        assert value[:50].tobytes() == expected[key].tobytes(), key


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, other=SEEDS)
def test_the_operating_score_hides_nothing_from_average_precision(drawn_detections, seed, other):
    samples = drawn_detections(seed)
    strict = replace(samples, score=(other % 100) / 100)
    metrics = [name for name in ALL if name not in {"precision", "recall", "f1", "fp_per_image"}]
    same(values(samples, metrics=metrics), values(strict, metrics=metrics))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_slices_of_objects_by_area_are_coco_s_areas(drawn_detections, seed):
    samples = drawn_detections(seed)
    areas = np.empty(len(samples.truths) + len(samples.predictions))
    areas[samples.truths.row], areas[samples.predictions.row] = samples.truths.area, samples.predictions.area
    bounds = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
    whole = values(samples)
    for name, (low, high) in bounds.items():
        part = values(samples.at_objects((areas >= low) & (areas <= high), false_positives=True))
        for class_ in (None, *samples.classes):
            np.testing.assert_array_equal(part["map_50_95", class_], whole[f"map_{name}", class_])
            np.testing.assert_array_equal(part["ar_100", class_], whole[f"ar_{name}", class_])


def test_overlaps_that_are_computed_a_few_at_a_time_are_the_same(drawn_detections, monkeypatch):
    expected = values(drawn_detections(11, images=20))
    monkeypatch.setattr("seatrial.metrics.detection.overlap._CELLS", 7)
    found = values(drawn_detections(11, images=20))
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value)

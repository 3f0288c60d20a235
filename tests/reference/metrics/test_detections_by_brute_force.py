"""The operating point, the confusion matrix, TIDE and VOC against plain loops and published numbers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.metrics import DetectionSamples, compute
from seatrial.metrics.detection import voc_average_precision, voc_precisions

WITHIN = 1e-12
SEEDS = st.integers(0, 2**32 - 1)
POINT = ["precision", "recall", "f1", "fp_per_image", "ece"]


def overlap(one, other, *, crowd=False):
    """IoU of two boxes (x, y, width, height); of a crowd, the share of the prediction that is in it."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(across, 0) * max(down, 0)
    return both / (one[2] * one[3] if crowd else one[2] * one[3] + other[2] * other[3] - both)


def best_first(samples):
    return sorted(range(len(samples.predictions)), key=lambda one: -samples.predictions.score[one])


def greedy(samples, iou, *, any_class=False, least_score=0.0):
    """Match as COCO does; gives the truth of each prediction that finds one."""
    truths, predictions = samples.truths, samples.predictions
    taken, found = set(), {}
    for one in best_first(samples):
        if predictions.score[one] < least_score:
            continue
        candidates = [
            (bool(not truths.ignored[other]), value, other)
            for other in range(len(truths))
            if truths.image[other] == predictions.image[one]
            and (any_class or truths.label[other] == predictions.label[one])
            and (other not in taken or truths.crowd[other])
            and (value := overlap(predictions.box[one], truths.box[other], crowd=truths.crowd[other])) >= iou
        ]
        if candidates:
            found[one] = max(candidates)[2]
            taken.add(found[one])
    return found


def mean(values):
    return sum(values) / len(values) if values else np.nan


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, score=st.sampled_from([0.3, 0.5]), iou=st.sampled_from([0.3, 0.5, 0.75]))
def test_the_operating_point_is_what_plain_loops_count(drawn_detections, seed, score, iou):
    samples = drawn_detections(seed, score=score, iou=iou)
    truths, predictions = samples.truths, samples.predictions
    found = greedy(samples, iou, least_score=score)
    expected = {}
    for code, name in enumerate(samples.classes):
        mine = [
            one
            for one in range(len(predictions))
            if predictions.label[one] == code and predictions.score[one] >= score
        ]
        hits = sum(one in found and not truths.ignored[found[one]] for one in mine)
        false = sum(one not in found for one in mine)
        there = int((~truths.ignored & (truths.label == code)).sum())
        expected[name] = (hits, false, there)
    by_class = {
        "precision": {
            name: hits / (hits + false) for name, (hits, false, _) in expected.items() if hits + false
        },
        "recall": {name: hits / there for name, (hits, _, there) in expected.items() if there},
        "f1": {
            name: 2 * hits / (hits + false + there)
            for name, (hits, false, there) in expected.items()
            if false + there
        },
        "fp_per_image": {name: false / len(samples) for name, (_, false, _) in expected.items()},
    }
    occur = [name for name, (_, false, there) in expected.items() if false + there]
    overall = {
        "precision": mean([by_class["precision"].get(name, 0) for name in occur]),
        "recall": mean(list(by_class["recall"].values())),
        "f1": mean(list(by_class["f1"].values())),
        "fp_per_image": sum(by_class["fp_per_image"].values()),
    }
    ours = compute(samples, np.arange(len(samples)), np.ones((1, len(samples))), POINT, per_class=True)
    for name, values in by_class.items():
        for class_ in samples.classes:
            value = float(ours[name, class_].values[0])
            assert value == pytest.approx(values.get(class_, np.nan), abs=WITHIN, nan_ok=True), (name, class_)
        value = float(ours[name, None].values[0])
        assert value == pytest.approx(overall[name], abs=WITHIN, nan_ok=True), name


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_calibration_error_compares_scores_with_finds(drawn_detections, seed):
    samples = drawn_detections(seed, images=6)
    found = greedy(samples, samples.iou)
    judged = [
        (float(samples.predictions.score[one]), one in found)
        for one in range(len(samples.predictions))
        if one not in found or not samples.truths.ignored[found[one]]
    ]
    edges = np.linspace(0, 1, 16)
    gap = 0.0
    for low, high in pairwise(edges):
        inside = [pair for pair in judged if low < pair[0] <= high]
        if inside:
            gap += abs(sum(hit for _, hit in inside) - sum(score for score, _ in inside)) / len(judged)
    everything = np.arange(len(samples))
    ours = compute(samples, everything, np.ones((1, len(samples))), ["ece"], per_class=False)
    assert float(ours["ece", None].values[0]) == pytest.approx(
        gap if judged else np.nan, abs=1e-9, nan_ok=True
    )
    diagram = samples.calibration(everything)
    assert sum(one["n"] for one in diagram) == len(judged)
    again = sum(one["n"] * abs(one["accuracy"] - one["confidence"]) for one in diagram)
    assert again == pytest.approx(gap * len(judged), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_the_confusion_matrix_holds_background_both_ways(drawn_detections, seed, data):
    samples = drawn_detections(seed)
    truths, predictions = samples.truths, samples.predictions
    index = data.draw(st.lists(st.integers(0, 3), min_size=1, unique=True))
    background = len(samples.classes)
    found = greedy(samples, samples.iou, any_class=True, least_score=samples.score)
    expected = {}

    def count(image, truth, prediction):
        if image in index:
            expected[truth, prediction] = expected.get((truth, prediction), 0) + 1

    for one in range(len(predictions)):
        if predictions.score[one] < samples.score:
            continue
        if one not in found:
            count(predictions.image[one], background, predictions.label[one])
        elif not truths.ignored[found[one]]:
            count(predictions.image[one], truths.label[found[one]], predictions.label[one])
    for other in range(len(truths)):
        if not truths.ignored[other] and other not in found.values():
            count(truths.image[other], truths.label[other], background)
    ours = samples.confusion(np.array(index))
    assert ours == sorted((*map(int, pair), n) for pair, n in expected.items())


def tide(samples):
    """Say what is wrong with each prediction and which truths are missed, by the paper's definitions."""
    truths, predictions = samples.truths, samples.predictions
    found = greedy(samples, 0.5)
    kinds, targets = {}, {}
    for one in range(len(predictions)):
        if one in found:
            continue
        best = {True: (0.0, None), False: (0.0, None)}
        for other in range(len(truths)):
            if truths.image[other] != predictions.image[one] or truths.ignored[other]:
                continue
            own = bool(truths.label[other] == predictions.label[one])
            value = overlap(predictions.box[one], truths.box[other])
            if value > best[own][0]:
                best[own] = (value, other)
        (own, mine), (others, theirs) = best[True], best[False]
        if 0.1 <= own < 0.5:
            kinds[one], targets[one] = "localization", mine
        elif others >= 0.5:
            kinds[one], targets[one] = "classification", theirs
        elif own >= 0.5:
            kinds[one] = "duplicate"
        elif others >= 0.1:
            kinds[one] = "both"
        else:
            kinds[one] = "background"
    hits = {one: truth for one, truth in found.items() if not truths.ignored[truth]}
    missed = [
        other
        for other in range(len(truths))
        if not truths.ignored[other] and other not in hits.values() and other not in targets.values()
    ]
    return kinds, targets, hits, missed


def ap50(samples, claims, absent=()):
    """Average precision of claims (class, score, is a find), best first; mean over classes with truths."""
    aps = []
    for code in range(len(samples.classes)):
        there = sum(
            not samples.truths.ignored[other] and samples.truths.label[other] == code and other not in absent
            for other in range(len(samples.truths))
        )
        if there:
            hits = [hit for label, _, hit in claims if label == code]
            found = np.cumsum(hits) if hits else np.zeros(0)
            precision = found / np.arange(1, len(hits) + 1)
            levels = np.linspace(0, 1, 101)
            aps.append(np.mean([precision[found / there >= one].max(initial=0) for one in levels]))
    return mean(aps)


def mended(samples, order, wrong, targets, hits, kind):
    """Give what an oracle leaves of the predictions, and the truth that each finds."""
    found = {one: hits.get(one) for one in order}
    found |= {one: targets.get(one) for one in wrong}
    owner = {}
    for one in sorted(order, key=lambda one: (-samples.predictions.score[one], one in wrong, one)):
        if found[one] is not None:
            owner.setdefault(found[one], one)
    for one in order:
        if one in wrong and kind not in {"classification", "localization"}:
            continue
        if found[one] is None or owner[found[one]] == one:
            yield one, found[one]


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_tide_s_six_types_and_what_an_oracle_gains_by_them(drawn_detections, seed):
    samples = drawn_detections(seed, images=5)
    kinds, targets, hits, missed = tide(samples)
    labels, scores = samples.predictions.label, samples.predictions.score
    order = sorted(
        (one for one in range(len(scores)) if one in kinds or one in hits),
        key=lambda one: (-scores[one], samples.predictions.image[one], one),
    )
    before = ap50(samples, [(labels[one], scores[one], one in hits) for one in order])
    for error in samples.errors(np.arange(len(samples))):
        wrong = {one for one, kind in kinds.items() if kind == error.kind}
        if error.kind == "missed":
            assert error.count == len(missed)
            after = ap50(samples, [(labels[one], scores[one], one in hits) for one in order], missed)
            after = 1.0 if np.isnan(after) else after
        else:
            assert error.count == len(wrong)
            claims = []
            for one, target in mended(samples, order, wrong, targets, hits, error.kind):
                label = samples.truths.label[target] if one in wrong else labels[one]
                claims.append((label, scores[one], target is not None))
            after = ap50(samples, claims)
        if np.isnan(before):
            assert error.delta_ap is None
        else:
            assert error.delta_ap == pytest.approx(after - before, abs=1e-9), error.kind


def test_tide_s_types_one_by_one(detection_table):
    def truth(kind, x):
        return {"image": "a", "class": kind, "box": (x, 0, 100, 100)}

    def prediction(kind, x, score):
        return {"image": "a", "class": kind, "box": (x, 0, 100, 100), "score": score}

    table = detection_table(
        ["a"],
        ["cat", "dog"],
        [truth("cat", 0), truth("cat", 1000), truth("cat", 2000), truth("cat", 3000), truth("dog", 4000)],
        [
            prediction("cat", 0, 0.9),
            prediction("cat", 10, 0.8),  # again: duplicate
            prediction("dog", 1000, 0.7),  # the wrong class
            prediction("cat", 2050, 0.6),  # the wrong place
            prediction("dog", 3050, 0.5),  # the wrong class and place; the cat there is missed
            prediction("cat", 9000, 0.4),  # background
            prediction("dog", 4000, 0.3),
        ],
    )
    samples, _ = DetectionSamples.from_evaluation(table)
    errors = samples.errors(np.array([0]))
    assert [(one.kind, one.count) for one in errors] == [
        ("classification", 1),
        ("localization", 1),
        ("both", 1),
        ("duplicate", 1),
        ("background", 1),
        ("missed", 1),
    ]
    # no cat is found below the duplicate and the stray box: nothing is gained by their absence
    assert {one.kind for one in errors if one.delta_ap > 0} == {
        *("classification", "localization", "both", "missed")
    }


@pytest.mark.shared_data
def test_voc_s_two_average_precisions_are_the_published_ones(shared_data, detection_table):
    folder = shared_data / "odm_toy"

    def read(name, *, scored):
        for path in sorted((folder / name).glob("*.txt")):
            for line in path.read_text().split("\n"):
                kind, *numbers = line.split() or [""]
                if kind:
                    box = tuple(map(float, numbers[-4:]))
                    yield {"image": path.stem, "class": kind, "box": box} | (
                        {"score": float(numbers[0])} if scored else {}
                    )

    truths, predictions = list(read("groundtruths", scored=False)), list(read("detections", scored=True))
    assert (len(truths), len(predictions)) == (15, 24)
    images = sorted({one["image"] for one in truths + predictions})
    samples, _ = DetectionSamples.from_evaluation(detection_table(images, ["person"], truths, predictions))
    every = voc_precisions(samples, iou=0.3, corner_pixels=True)
    eleven = voc_precisions(samples, iou=0.3, corner_pixels=True, points="eleven")
    assert every["person"] == pytest.approx(0.245687, abs=5e-7)
    assert eleven["person"] == pytest.approx(0.2684, abs=5e-5)


@pytest.mark.parametrize(
    ("points", "expected"), [("every", (1 + 2 / 3) / 3), ("eleven", (4 + 3 * 2 / 3) / 11)]
)
def test_voc_s_average_precision_of_two_finds_of_three(points, expected):
    hits = np.array([True, False, True, False])
    assert voc_average_precision(hits, 3, points=points) == pytest.approx(expected, abs=WITHIN)


def test_what_goes_to_a_difficult_truth_is_left_out_of_voc_s_precision(detection_table):
    truth = {"image": "a", "class": "cat", "box": (0, 0, 10, 10)}
    difficult = {"image": "a", "class": "cat", "box": (50, 0, 10, 10), "ignore": True}
    twice = [{**difficult, "ignore": False, "score": score} for score in (0.9, 0.8)]
    table = detection_table(["a"], ["cat"], [truth, difficult], [*twice, {**truth, "score": 0.7}])
    assert voc_precisions(DetectionSamples.from_evaluation(table)[0]) == {"cat": 1.0}

"""Overlap metrics against the pixels themselves, and against torchmetrics' definitions of the mean IoU."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import SegmentationSamples, compute, task_metrics

METRICS = list(task_metrics("segmentation"))
VOID = 255
WITHIN = 1e-12


def masks(seed: int, n: int = 8, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Draw blocky truths, with void pixels and a last class that never occurs, and predictions near them."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, classes - 1, (n, 4, 4))
    truth = blocks.repeat(4, axis=1).repeat(4, axis=2)
    prediction = np.roll(truth, 1, axis=2)
    noise = rng.random(truth.shape) < 0.1
    prediction[noise] = rng.integers(0, classes - 1, int(noise.sum()))
    truth[rng.random(truth.shape) < 0.05] = VOID
    truth[-1] = VOID  # nothing to see in the last one
    return truth, prediction


def band(mask: np.ndarray) -> np.ndarray:
    """Give the pixels of a mask that have a neighbour (of four) outside of it or beyond the edge."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def counted(truths: np.ndarray, predictions: np.ndarray, classes: int) -> EvaluationTable:
    """Count as the contract of ``EvaluationTable.pixels`` says, the slow way; rows in no useful order."""
    names, rows = [f"class {code}" for code in range(classes)], []
    for image, (truth, prediction) in enumerate(zip(truths, predictions, strict=True)):
        seen = truth != VOID
        for a in range(classes):
            for b in range(classes):
                pixels = int(((truth == a) & (prediction == b) & seen).sum())
                occurs = a == b and bool((((truth == a) | (prediction == b)) & seen).any())
                if not pixels and not occurs:
                    continue
                row = {"image": f"i{image}", "label": names[a], "prediction": names[b], "pixels": pixels}
                if occurs:
                    first, second = band((truth == a) & seen), band((prediction == a) & seen)
                    row |= {"boundary_truth": int(first.sum()), "boundary_prediction": int(second.sum())}
                    row["boundary_both"] = int((first & second).sum())
                rows.append(row)
    names_of_counts = ("pixels", "boundary_truth", "boundary_prediction", "boundary_both")
    schema = pa.schema(
        [(name, pa.string()) for name in ("image", "label", "prediction")]
        + [(name, pa.int64()) for name in names_of_counts]
    )
    n = len(truths)
    header = EvaluationHeader("segmentation", tuple(names), "m", "sha256:m", "d", "sha256:d", n)
    samples = pa.table({"id": [f"i{image}" for image in range(n)], "annotated": [True] * n})
    return EvaluationTable(header, samples, pixels=pa.Table.from_pylist(rows[::-1], schema=schema))


def of(table: EvaluationTable, index: np.ndarray | None = None) -> dict:
    samples, _ = SegmentationSamples.from_evaluation(table)
    index = np.arange(len(samples)) if index is None else index
    found = compute(samples, index, np.ones((1, len(index))), METRICS, per_class=True)
    return {key: None if one.reason else float(one.values[0]) for key, one in found.items()}


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum()) if (one | other).any() else float("nan")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("metric", ["miou", "dice", "boundary_iou"])
def test_pooled_overlaps_are_those_of_one_great_image(metric, seed):
    truths, predictions = masks(seed)
    found = of(counted(truths, predictions, 5))
    seen, by_class = truths != VOID, []
    for code in range(5):
        first, second = (truths == code) & seen, (predictions == code) & seen
        if metric == "boundary_iou":
            first, second = (np.stack([band(one) for one in both]) for both in (first, second))
        expected = iou(first, second)
        if metric == "dice":
            expected = 2 * expected / (1 + expected)
        by_class.append(expected)
        assert found[metric, f"class {code}"] == (
            None if np.isnan(expected) else pytest.approx(expected, abs=WITHIN)
        )
    assert np.isnan(by_class[-1]), "the last class never occurs"
    assert found[metric, None] == pytest.approx(np.nanmean(by_class), abs=WITHIN)


@pytest.mark.parametrize("seed", range(4))
def test_pixel_accuracy_is_the_share_of_right_pixels(seed):
    truths, predictions = masks(seed)
    seen = truths != VOID
    expected = (truths == predictions)[seen].mean()
    assert of(counted(truths, predictions, 5))["pixel_accuracy", None] == pytest.approx(expected, abs=WITHIN)


@pytest.mark.parametrize("seed", range(4))
def test_both_mean_ious_of_torchmetrics_are_there_under_names_of_their_own(seed):
    """As its documentation defines them, a pixel that is ignored being none of an image.

    ``JaccardIndex(task="multiclass", average="macro", ignore_index=VOID)``: one matrix of all pixels, the
    mean over classes that occur in it. ``functional.segmentation.mean_iou``: a value for each image, the mean
    over classes whose union is not empty; ``segmentation.MeanIoU(per_class=True)`` averages each class over
    the images where its union is not empty.
    """
    truths, predictions = masks(seed)
    found = of(counted(truths, predictions, 5))
    seen = truths != VOID
    matrix = np.zeros((5, 5))
    np.add.at(matrix, (truths[seen], predictions[seen]), 1)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix)
    jaccard = (np.diag(matrix)[union > 0] / union[union > 0]).mean()
    assert found["miou", None] == pytest.approx(jaccard, abs=WITHIN)
    each = np.full((len(truths), 5), np.nan)
    for image, (truth, prediction, valid) in enumerate(zip(truths, predictions, seen, strict=True)):
        for code in range(5):
            each[image, code] = iou((truth == code) & valid, (prediction == code) & valid)
    with_pixels = each[seen.any(axis=(1, 2))]
    assert found["miou_per_image", None] == pytest.approx(np.nanmean(with_pixels, axis=1).mean(), abs=WITHIN)
    for code in range(4):
        expected = np.nanmean(with_pixels[:, code])
        assert found["miou_per_image", f"class {code}"] == pytest.approx(expected, abs=WITHIN)
    assert found["miou", None] != pytest.approx(found["miou_per_image", None], abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_slice_is_the_evaluation_of_its_images_alone(seed):
    truths, predictions = masks(seed)
    index = np.array([1, 2, 5, 7])
    whole, alone = counted(truths, predictions, 5), counted(truths[index], predictions[index], 5)
    found, expected = of(whole, index), of(alone)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == (None if value is None else pytest.approx(value, abs=WITHIN)), key


@pytest.mark.parametrize("seed", range(4))
def test_a_weight_of_k_is_k_copies(seed):
    truths, predictions = masks(seed)
    samples, _ = SegmentationSamples.from_evaluation(counted(truths, predictions, 5))
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(samples)))
    weights[0] = 0
    everything = np.arange(len(samples))
    weighted = compute(samples, everything, weights, METRICS, per_class=True)
    for replicate, one in enumerate(weights):
        copies = np.repeat(everything, one)
        repeated = compute(samples, copies, np.ones((1, len(copies))), METRICS, per_class=True)
        for key, computed in repeated.items():
            value = weighted[key].values[replicate]
            assert value == pytest.approx(computed.values[0], abs=WITHIN, nan_ok=True), key


def test_the_confusion_matrix_counts_pixels():
    truths, predictions = masks(0)
    samples, _ = SegmentationSamples.from_evaluation(counted(truths, predictions, 5))
    index = np.array([0, 3, 4])
    seen = truths[index] != VOID
    matrix = np.zeros((5, 5), dtype=int)
    np.add.at(matrix, (truths[index][seen], predictions[index][seen]), 1)
    expected = [(a, b, int(matrix[a, b])) for a in range(5) for b in range(5) if matrix[a, b]]
    assert samples.confusion(index) == expected

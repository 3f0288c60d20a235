"""Real annotation errors: blood cells without whole classes, nuclei before volunteers mended them."""

import importlib.util
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.planted_labels import Scene, objectlab_input
from benchmarks.row import Row

COLUMNS = ("errors", "Seatrial", "beside", "random", "how")

_ROOT = Path(__file__).parents[1]
SHARED = _ROOT.parent / "shared" / "data"

#: Fixes of this share of an image's pixels or more are large.
_LARGE = 0.001


def rows() -> Iterator[Row]:
    """Train a small detector and a small segmenter (a minute), and rank what they contradict."""
    import torch

    if not SHARED.is_dir():
        print("  left out: there are no real data sets")
        return
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    yield from _cells()
    yield from _nuclei()


def _of_tests(name: str) -> ModuleType:
    """Import an end-to-end test, for the network that it trains."""
    spec = importlib.util.spec_from_file_location(name, _ROOT / "tests" / "e2e" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _cells() -> Iterator[Row]:
    from sklearn.metrics import average_precision_score as precision

    from seatrial.metrics import DetectionSamples
    from seatrial.quality.label_errors.boxes import doubt_boxes

    with tempfile.TemporaryDirectory() as folder:
        original, corrected = _evaluated_cells(Path(folder))
    samples, kept = DetectionSamples.from_evaluation(original)
    ids = original.samples.column("id").take(kept).to_pylist()
    missing = _finds_missing(samples, ids, corrected)
    truths, predictions = samples.truths, samples.predictions
    doubts = doubt_boxes(truths, predictions, len(samples), len(samples.classes))
    none = np.zeros(len(samples), dtype=np.bool_)
    scene = Scene(truths, predictions, len(samples), len(samples.classes), none)
    usual, lowered = (_objectlab_overlooked(scene, least) for least in (0.95, 0.5))
    sure = doubts.overlooked >= 0.5
    white = sure & (predictions.label == samples.classes.index("WBC"))
    yield Row(
        f"BCCD, {len(samples)} images whose annotations know red cells alone: predictions of what they miss",
        f"{precision(missing, doubts.overlooked):.3f}; reported are {int(sure.sum())}, right "
        f"{missing[sure].mean():.0%}; of white cells {int(white.sum())}, right {missing[white].mean():.0%}",
        f"ObjectLab {precision(missing, usual):.3f} (no score reaches its .95), with a threshold of .5 "
        f"{precision(missing, lowered):.3f}; the score alone {precision(missing, predictions.score):.3f}",
        f"{missing.mean():.3f}",
        "average precision over all predictions; right is what the corrected annotations hold",
    )


def _evaluated_cells(folder: Path) -> tuple[Any, Any]:
    import torch

    from seatrial.evaluation import EvaluationTable
    from seatrial.inference import ModelOptions
    from seatrial.steps import evaluate_model

    test = _of_tests("test_real_cells")
    told = test.Cells(SHARED / "bccd", folder)
    splits = told.data / "ImageSets" / "Main"
    names = [name for split in ("val", "test") for name in (splits / f"{split}.txt").read_text().split()]
    (folder / "val.txt").write_text("\n".join(names))
    network = test.train_detector(list(test.crops(told)), seed=0)
    x, y = np.meshgrid(np.arange(4, test.WIDTH, 8), np.arange(4, test.HEIGHT, 8))
    network.centres_x, network.centres_y = (torch.from_numpy(one.ravel()).float() for one in (x, y))
    example = torch.zeros(1, 3, test.HEIGHT, test.WIDTH)
    torch.jit.save(torch.jit.trace(network.eval(), example), folder / "model.pt")
    options = {
        "adapter": "yolo",
        "adapter_options": {"nms_iou": 0.5, "score": 0.1},
        "classes": list(test.CLASSES),
        "preprocess": {
            "resize": [test.HEIGHT, test.WIDTH],
            "crop": None,
            "mean": [0.0] * 3,
            "std": [1.0] * 3,
        },
    }
    for which in ("original", "corrected"):
        dataset = told.dataset(which, classes=",".join(test.CLASSES))
        parsed = ModelOptions.parse(options, "the benchmark")
        evaluate_model.run(str(folder / "model.pt"), dataset, folder / which, options=parsed)
    return EvaluationTable.read(folder / "original"), EvaluationTable.read(folder / "corrected")


def _finds_missing(samples: Any, ids: list[str], corrected: Any) -> NDArray[np.bool_]:
    """Tell which predictions are of an object that the corrected annotations have, of a class without any."""
    objects = corrected.objects.filter([one == "truth" for one in corrected.objects["role"].to_pylist()])
    there = objects.to_pandas().groupby("image")
    known = {samples.classes[code] for code in np.unique(samples.truths.label)}
    found = np.zeros(len(samples.predictions), dtype=np.bool_)
    for number, image in enumerate(ids):
        rows = np.flatnonzero(samples.predictions.image == number)
        for label, *box in there.get_group(image)[["class", "x", "y", "width", "height"]].to_numpy().tolist():
            if label not in known:
                same = samples.predictions.label[rows] == samples.classes.index(label)
                found[rows] |= same & (_overlap(samples.predictions.box[rows], np.array(box)) >= 0.5)
    return found


def _overlap(boxes: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(boxes[:, :2], other[:2])
    both = (np.minimum(boxes[:, :2] + boxes[:, 2:], other[:2] + other[2:]) - low).clip(0).prod(axis=1)
    either = boxes[:, 2:].prod(axis=1) + other[2:].prod() - both
    return np.asarray(both / np.maximum(either, 1e-9))


def _objectlab_overlooked(scene: Scene, least: float) -> NDArray[np.float64]:
    """Give ObjectLab's doubt that each prediction is of an overlooked object."""
    from cleanlab.object_detection.rank import compute_overlooked_box_scores

    labels, predictions = objectlab_input(scene)
    scores = compute_overlooked_box_scores(
        labels=labels, predictions=predictions, high_probability_threshold=least
    )
    doubts = np.full(len(scene.predictions), -1.0)
    for image, found in enumerate(scores):
        rows = np.flatnonzero(scene.predictions.image == image)
        order = rows[np.argsort(scene.predictions.label[rows], kind="stable")]
        doubts[order] = -np.nan_to_num(found, nan=1.0)  # many differ far below a rounding step of 1
    return doubts


def _nuclei() -> Iterator[Row]:
    import pandas as pd
    from cleanlab.segmentation.rank import get_label_quality_scores
    from sklearn.metrics import average_precision_score as precision

    from seatrial.datasets import read_dataset
    from seatrial.quality import CheckInput, CheckOptions, measure
    from seatrial.quality.label_errors.masks import doubt_masks
    from seatrial.quality.mask_shapes import mask_shapes

    test, data = _of_tests("test_real_nuclei"), SHARED / "dsb2018_nuclei"
    fixes = pd.read_csv(data / "fixes.csv").set_index("image_id").sort_index()
    fixes = fixes[[(data / "images" / f"{name}.png").is_file() for name in fixes.index]]
    learned = fixes.index[fixes["has_label_error"] == 0][::2]
    network = test.OfTwo(test.train_segmenter(list(test.parts(data, learned)), seed=0)).eval()
    judged = fixes.drop(learned)
    ours, theirs = [], []
    for name in judged.index:
        nucleus = _nucleus(network, data / "images" / f"{name}.png", test.WHOLE)
        with Image.open(data / "labels_original" / f"{name}.png") as image:
            truth = (np.asarray(image) > 0).astype(np.int64)
        ours.append(doubt_masks(truth, (nucleus > 0.5).astype(np.int64), None)[0])
        chances = np.stack([1 - nucleus, nucleus])[None]
        theirs.append(get_label_quality_scores(truth[None], chances, verbose=False)[0][0])
    share = judged["fg_pixels_changed"] / (judged["width"] * judged["height"])
    large = ((share >= _LARGE) | (judged["image_removed"] == 1)).to_numpy()
    wrong = (judged["has_label_error"] == 1).to_numpy()
    listed = f"masks:{data}?masks=labels_original&instances=foreground&classes=background,nucleus"
    measured = measure(read_dataset(listed))
    slips = dict.fromkeys(measured.ids, 0.0)
    found = mask_shapes(CheckInput(measured, None, CheckOptions(), data)).findings
    for one in found:
        slips[one.sample_ids[0]] += one.score
    counts = np.array([slips[f"{name}.png"] for name in judged.index])
    for what, chosen in (
        (f"fixes of {_LARGE:.1%} of the pixels, or the whole mask", large),
        ("any fix", wrong),
    ):
        yield Row(
            f"nuclei (DSB 2018), {len(judged)} images, {int(chosen.sum())} with {what}",
            f"`label_errors` {precision(chosen, ours):.3f}, `mask_shapes` {precision(chosen, counts):.3f}",
            f"cleanlab's softmin {precision(chosen, -np.array(theirs)):.3f}",
            f"{chosen.mean():.3f}",
            "average precision over images; one small segmenter for both, `mask_shapes` needs none",
        )
    holes = {one.sample_ids[0].removesuffix(".png") for one in found if one.evidence["kind"] == "hole"}
    right = sum(fixes.loc[name, "has_label_error"] == 1 for name in holes)
    yield Row(
        f"nuclei, all {len(fixes)} images: those with holes in instances",
        f"{len(holes)}, of which volunteers mended {right}",
        "–",
        f"{(fixes['has_label_error'] == 1).mean():.3f}",
        "`mask_shapes`, without a model",
    )


def _nucleus(network: Any, path: Path, side: int) -> NDArray[np.float64]:
    """Give the probability of a nucleus in each pixel."""
    import torch

    with Image.open(path) as image:
        width, height = image.size
        small = np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))
    pixels = torch.from_numpy(small.transpose(2, 0, 1)[None].copy()).float() / 255
    with torch.no_grad():
        values = torch.nn.functional.interpolate(network(pixels)[0], size=(height, width), mode="bilinear")
    return np.asarray(values.softmax(dim=1)[0, 1].numpy(), dtype=np.float64)

"""COCO's average precision beside faster-coco-eval, over everything, slices and bootstrap replicates."""

import contextlib
import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
import pyarrow as pa

from benchmarks.row import Claim, Row, seconds
from seatrial.datasets import OBJECT_SCHEMA
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import DetectionSamples, compute
from seatrial.statistics import PoissonWeights

_IMAGES, _TRUTHS, _PREDICTIONS, _CLASSES = 5_000, 36_000, 84_000, 80
_SLICES, _SHARE, _REPLICATES, _SIDE = 100, 0.1, 1_000, 640
_TWELVE = (
    *("map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)


def _objects() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Draw unequal classes, sizes over three decades, crowds, and a middling detector."""
    rng = np.random.default_rng(7)
    share = 1 / np.arange(2, _CLASSES + 2)
    image = rng.integers(0, _IMAGES, _TRUTHS)
    label = rng.choice(_CLASSES, _TRUTHS, p=share / share.sum())
    box = _boxes(rng, _TRUTHS)
    truths = {"image": image, "label": label, "box": box, "crowd": rng.random(_TRUTHS) < 0.01}
    seen = np.concatenate([rng.permutation(_TRUTHS)[: int(0.75 * _TRUTHS)], rng.integers(0, _TRUTHS, 15_000)])
    shifted = box[seen] + rng.normal(size=(len(seen), 4)) * box[seen][:, [2, 3, 2, 3]] * 0.08
    alone = _PREDICTIONS - len(seen)
    quality = np.concatenate([rng.beta(4, 2, len(seen)), rng.beta(1, 5, alone)])
    confused = rng.random(len(seen)) < 0.1
    predictions = {
        "image": np.concatenate([image[seen], rng.integers(0, _IMAGES, alone)]),
        "label": np.concatenate(
            [
                np.where(confused, rng.integers(0, _CLASSES, len(seen)), label[seen]),
                rng.choice(_CLASSES, alone, p=share / share.sum()),
            ]
        ),
        "box": np.maximum(np.concatenate([shifted, _boxes(rng, alone)]), [0, 0, 1, 1]),
        "score": quality,
    }
    return truths, predictions


def _boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    size = np.exp(rng.uniform(np.log(10), np.log(400), (count, 1))) * rng.uniform(0.6, 1.4, (count, 2))
    return np.concatenate([rng.uniform(0, _SIDE - np.minimum(size, _SIDE)), size], axis=1)


def _evaluation(truths: dict[str, np.ndarray], predictions: dict[str, np.ndarray]) -> EvaluationTable:
    parts = []
    for role, of in (("truth", truths), ("prediction", predictions)):
        order = np.argsort(of["image"], kind="stable")
        box, size = of["box"][order], len(order)
        columns = {
            "image": np.char.zfill(of["image"][order].astype(str), 4),
            "annotation": pa.nulls(size, pa.string()),
            "class": np.char.add("class-", of["label"][order].astype(str)),
            **{name: box[:, place] for place, name in enumerate(("x", "y", "width", "height"))},
            "area": box[:, 2] * box[:, 3],
            "crowd": of["crowd"][order] if role == "truth" else np.zeros(size, dtype=bool),
            "ignore": np.zeros(size, dtype=bool),
            "mask": pa.nulls(size, pa.binary()),
        }
        known = pa.table({name: pa.array(values) for name, values in columns.items()}).cast(OBJECT_SCHEMA)
        scores = pa.nulls(size, pa.float64()) if role == "truth" else pa.array(of["score"][order])
        known = known.append_column("role", pa.array([role] * size)).append_column("score", scores)
        parts.append(known)
    ids = np.char.zfill(np.arange(_IMAGES).astype(str), 4)
    samples = pa.table({"id": ids, "annotated": np.ones(_IMAGES, dtype=bool)})
    classes = tuple(f"class-{code}" for code in range(_CLASSES))
    header = EvaluationHeader("detection", classes, "m", "sha256:0", "generated", "sha256:0", _IMAGES)
    return EvaluationTable(header, samples, objects=pa.concat_tables(parts))


def _dictionaries(
    truths: dict[str, np.ndarray], predictions: dict[str, np.ndarray]
) -> tuple[dict[str, list[dict[str, object]]], list[dict[str, object]]]:
    box = truths["box"]
    order = np.argsort(truths["image"], kind="stable")
    annotations = [
        {
            "id": 1 + place,
            "image_id": 1 + int(truths["image"][one]),
            "category_id": 1 + int(truths["label"][one]),
            "bbox": box[one].tolist(),
            "area": float(box[one, 2] * box[one, 3]),
            "iscrowd": int(truths["crowd"][one]),
        }
        for place, one in enumerate(order.tolist())
    ]
    results = [
        {
            "image_id": 1 + int(predictions["image"][one]),
            "category_id": 1 + int(predictions["label"][one]),
            "bbox": predictions["box"][one].tolist(),
            "score": float(predictions["score"][one]),
        }
        for one in np.argsort(predictions["image"], kind="stable").tolist()
    ]
    dataset = {
        "images": [{"id": 1 + number, "height": _SIDE, "width": _SIDE} for number in range(_IMAGES)],
        "categories": [{"id": 1 + code, "name": f"class-{code}"} for code in range(_CLASSES)],
        "annotations": annotations,
    }
    return dataset, results


def rows() -> Iterator[Row]:
    """Measure everything and 100 slices, then 1,000 replicates of the slices; nothing without the peer."""
    if importlib.util.find_spec("faster_coco_eval") is None:
        print("  left out: faster-coco-eval is not installed")
        return
    truths, predictions = _objects()
    table = _evaluation(truths, predictions)
    rng = np.random.default_rng(11)
    slices = [
        np.sort(rng.choice(_IMAGES, int(_SHARE * _IMAGES), replace=False)).astype(np.int64)
        for _ in range(_SLICES)
    ]
    everything = np.arange(_IMAGES, dtype=np.int64)

    def points() -> list[dict[str, float]]:
        samples, _ = DetectionSamples.from_evaluation(table)
        found = []
        for index in (everything, *slices):
            values = compute(samples, index, np.ones((1, len(index))), _TWELVE, per_class=False)
            found.append({name: float(values[name, None].values[0]) for name in _TWELVE})
        return found

    first = points()
    ours, spread = seconds(points)
    theirs, few, expected = _peer(*_dictionaries(truths, predictions), slices)
    worst = max(
        abs(mine[name] - value)
        for mine, reference in zip(first, expected, strict=False)
        for name, value in reference.items()
    )
    assert worst < 1e-9
    same_work = theirs + few * _SLICES
    yield Row(
        f"COCO's twelve numbers, {_IMAGES:,} images, {_TRUTHS // 1000}k truths, {_PREDICTIONS // 1000}k "
        f"predictions, {_CLASSES} classes: everything and {_SLICES} slices of {_SHARE:.0%}",
        f"{ours:.2f} s ({spread:.2f})",
        f"faster-coco-eval, everything alone: {theirs:.1f} s; and {_SLICES} slices, extrapolated: "
        f"{same_work:.0f} s; loading included",
        f"{theirs / ours:.1f}× faster than everything alone, {same_work / ours:.0f}× than the same work",
        f"largest difference {worst:.0e} (everything and {len(expected) - 1} slices)",
        (
            Claim(
                "coco", f"{ours:.2f} s of {theirs:.1f} s: {theirs / ours:.1f}× faster", reached=ours <= theirs
            ),
        ),
    )
    yield _pycocotools(truths, predictions, first[0], ours)
    fresh, kept = _starting()
    yield Row(
        "… first values of a new process, importing included",
        f"{fresh:.1f} s where kernels are compiled, {kept:.1f} s after that",
        "–",
        f"compiling takes {fresh - kept:.1f} s, once per machine and version",
        "–",
    )

    def replicates() -> list[np.ndarray]:
        samples, _ = DetectionSamples.from_evaluation(table)
        weights = PoissonWeights(7, [str(number) for number in range(_IMAGES)]).block(0, _REPLICATES)
        return [
            compute(samples, index, weights[:, index], ["map_50_95"], per_class=False)[
                "map_50_95", None
            ].values
            for index in slices
        ]

    drawn, spread = seconds(replicates)
    yield Row(
        f"… {_REPLICATES:,} bootstrap replicates of the {_SLICES} slices, `map_50_95`",
        f"{drawn:.1f} s ({spread:.1f})",
        f"faster-coco-eval, extrapolated: {few * _SLICES * _REPLICATES / 3600:.0f} h",
        f"{drawn / theirs:.1f} times its time for everything once",
        "integer weights against duplicated images in `tests/reference`",
        (Claim("coco_bootstrap", f"{drawn / theirs:.1f}× its time", reached=drawn <= 10 * theirs),),
    )


def _pycocotools(
    truths: dict[str, np.ndarray], predictions: dict[str, np.ndarray], found: dict[str, float], ours: float
) -> Row:
    """Run COCO's own program over everything, once."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    dataset, results = _dictionaries(truths, predictions)
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        truth = COCO()
        truth.dataset = dataset
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        took = time.perf_counter() - start
    worst = max(
        abs(found[name] - value) for name, value in zip(_TWELVE, evaluation.stats.tolist(), strict=True)
    )
    assert worst < 1e-9
    return Row(
        "… beside COCO's own program, which does everything alone",
        f"{ours:.2f} s, with the slices",
        f"pycocotools {version('pycocotools')}: {took:.1f} s",
        f"{took / ours:.0f}× faster",
        f"largest difference {worst:.0e}",
    )


_FIRST = """
import numpy as np
import pyarrow as pa
from seatrial.datasets import OBJECT_SCHEMA
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import DetectionSamples, compute

row = {"image": "a", "class": "cat", "x": 0.0, "y": 0.0, "width": 9.0, "height": 9.0, "area": 81.0}
row |= {"crowd": False, "ignore": False}
rows = [row | {"role": "truth"}, row | {"role": "prediction", "score": 0.9}]
schema = pa.schema([*OBJECT_SCHEMA, ("role", pa.string()), ("score", pa.float64())])
header = EvaluationHeader("detection", ("cat",), "m", "sha256:0", "one", "sha256:0", 1)
images = pa.table({"id": ["a"], "annotated": [True]})
table = EvaluationTable(header, images, objects=pa.Table.from_pylist(rows, schema))
samples, _ = DetectionSamples.from_evaluation(table)
compute(samples, np.array([0]), np.ones((1, 1)), ["map_50_95", "ar_100", "recall"], per_class=False)
"""


def _starting() -> tuple[float, float]:
    """Time a new process to its first values, without compiled kernels and with them."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        times = []
        for _ in range(2):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", _FIRST], env=environment, check=True)
            times.append(time.perf_counter() - start)
    return times[0], times[1]


def _peer(
    dataset: dict[str, list[dict[str, object]]], results: list[dict[str, object]], slices: list[np.ndarray]
) -> tuple[float, float, list[dict[str, float]]]:
    """Run faster-coco-eval over everything and over three slices; gives both times and the values."""
    from faster_coco_eval import COCO, COCOeval_faster

    def run(image_ids: list[int] | None) -> tuple[float, dict[str, float]]:
        start = time.perf_counter()
        evaluation = COCOeval_faster(truth, predicted, "bbox", print_function=lambda *_: None)
        if image_ids is not None:
            evaluation.params.imgIds = image_ids
        evaluation.run()
        took = time.perf_counter() - start
        return took, dict(zip(_TWELVE, np.asarray(evaluation.all_stats)[:12].tolist(), strict=True))

    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        truth = COCO(dataset)
        predicted = truth.loadRes(results)
        loading = time.perf_counter() - start
        runs = [run(None) for _ in range(3)]
        sliced = [run([1 + int(number) for number in index]) for index in slices[:3]]
    whole = float(np.median([took for took, _ in runs])) + loading
    return whole, float(np.median([took for took, _ in sliced])), [runs[0][1], *(one for _, one in sliced)]

"""Generated evaluations of any size, with a champion's beside them and policies of few and many slices.

``python -m benchmarks.scale_tables TASK IMAGES REPLICATES FOLDER`` writes ``candidate``, ``champion``,
``few.yaml`` and ``many.yaml``, and the candidate's evaluation once more in four shards.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.datasets import Task
from seatrial.evaluation import (
    EVALUATED_OBJECT_SCHEMA,
    EvaluationHeader,
    EvaluationTable,
    classification_samples,
)

__all__ = ["CLASSES", "POLICIES", "write"]

#: Classes of each task's model.
CLASSES: dict[Task, int] = {"classification": 50, "detection": 80}

#: Axes of each policy, and the values of each: 20 and 500 slices.
POLICIES: dict[str, tuple[int, int]] = {"few": (2, 10), "many": (10, 50)}

_AXES, _SIDE, _SHARDS = 10, 640, 4

#: Objects of an image, and predictions: three quarters of the objects are found, the rest is noise.
_TRUTHS, _FOUND, _NOISE = 10, 0.75, 5

#: Images whose scores are made at a time.
_CHUNK = 100_000


def write(task: Task, images: int, replicates: int, folder: Path) -> None:
    """Write a candidate and a champion on the same images, and policies.

    Args:
        task: ``classification`` or ``detection``.
        images: How many.
        replicates: What the policies ask for.
        folder: Where.
    """
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    ids = pa.array(np.char.add("images/", np.char.zfill(np.arange(images).astype(str), 8)))
    metadata = _metadata(rng, images)
    shared = {"group": pa.nulls(images, pa.string()), "uri": ids, "content": pa.nulls(images, pa.string())}
    made = _classifiers if task == "classification" else _detectors
    classes = tuple(f"class-{code:02}" for code in range(CLASSES[task]))
    for name, table in made(rng, ids, shared | metadata, classes).items():
        table.write(folder / name)
        if name == "candidate":
            for index in range(_SHARDS):
                _shard(table, index).write(folder / f"shard-{index}")
    for name, (axes, values) in POLICIES.items():
        (folder / f"{name}.yaml").write_text(_policy(task, axes, values, replicates), encoding="utf-8")


def _shard(table: EvaluationTable, index: int) -> EvaluationTable:
    first, last = (len(table) * one // _SHARDS for one in (index, index + 1))
    samples, objects = table.samples.slice(first, last - first), table.objects
    if objects is not None:
        objects = objects.filter(pc.is_in(objects.column("image"), samples.column("id").combine_chunks()))
    scores = None if table.scores is None else table.scores[first:last]
    header = replace(table.header, shard=(index, _SHARDS))
    return EvaluationTable(header, samples, scores, objects=objects)


def _metadata(rng: np.random.Generator, images: int) -> dict[str, pa.Array]:
    """Draw axes of 10 and of 50 values, unequal, some missing, and properties of images."""
    axes = {}
    for count in (10, 50):
        share = 1 / np.arange(5, count + 5)
        names = pa.array([f"value-{one:02}" for one in range(count)])
        for axis in range(_AXES):
            codes = rng.choice(count, images, p=share / share.sum())
            axes[f"axis_{count}_{axis}"] = names.take(pa.array(codes))
    return {
        **axes,
        "brightness": pa.array(rng.beta(2, 2, images)),
        "sharpness": pa.array(rng.gamma(2, 1, images)),
    }


def _header(task: Task, classes: tuple[str, ...], name: str, images: int) -> EvaluationHeader:
    return EvaluationHeader(
        task, classes, f"{name}.pt2", f"sha256:{name}", "generated", "sha256:images", images
    )


def _classifiers(
    rng: np.random.Generator, ids: pa.Array, columns: dict[str, Any], classes: tuple[str, ...]
) -> dict[str, EvaluationTable]:
    n, size = len(ids), len(classes)
    truth = rng.integers(0, size, n)
    luck = rng.normal(size=n)
    images = pa.table({"id": ids, "label": pa.array(classes).take(pa.array(truth)), **columns})
    made = {}
    for name, skill in (("candidate", 3.6), ("champion", 3.5)):
        scores = np.empty((n, size), dtype=np.float32)
        for start in range(0, n, _CHUNK):
            part = slice(start, min(start + _CHUNK, n))
            logits = rng.normal(size=(part.stop - start, size)).astype(np.float32)
            logits[np.arange(len(logits)), truth[part]] += skill + luck[part]
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            scores[part] = powers / powers.sum(axis=1, keepdims=True)
        said = scores.argmax(axis=1)
        sure = scores[np.arange(n), said].astype(np.float64)
        samples = classification_samples(images, classes, said, sure, scores)
        made[name] = EvaluationTable(_header("classification", classes, name, n), samples, scores)
    return made


def _detectors(
    rng: np.random.Generator, ids: pa.Array, columns: dict[str, Any], classes: tuple[str, ...]
) -> dict[str, EvaluationTable]:
    n, size = len(ids), len(classes)
    share = 1 / np.arange(2, size + 2)
    share /= share.sum()
    image = np.repeat(np.arange(n), rng.poisson(_TRUTHS, n))
    label, box = rng.choice(size, len(image), p=share), _boxes(rng, len(image))
    ease = rng.random(len(image))
    truths = _objects(ids, classes, image, label, box, None)
    made = {}
    for name, found in (("candidate", _FOUND), ("champion", _FOUND - 0.01)):
        seen = np.flatnonzero(ease < found)
        moved = box[seen] + rng.normal(size=(len(seen), 4)) * box[seen][:, [2, 3, 2, 3]] * 0.08
        other = np.repeat(np.arange(n), rng.poisson(_NOISE, n))
        confused = np.where(rng.random(len(seen)) < 0.1, rng.integers(0, size, len(seen)), label[seen])
        predictions = _objects(
            ids,
            classes,
            np.concatenate([image[seen], other]),
            np.concatenate([confused, rng.choice(size, len(other), p=share)]),
            np.maximum(np.concatenate([moved, _boxes(rng, len(other))]), [0, 0, 1, 1]),
            np.concatenate([rng.beta(4, 2, len(seen)), rng.beta(1, 5, len(other))]),
        )
        places = np.concatenate([image, image[seen], other])
        kind = np.arange(len(places)) >= len(image)
        objects = pa.concat_tables([truths, predictions]).take(pa.array(np.lexsort((kind, places))))
        samples = pa.table(
            {
                "id": ids,
                "annotated": pa.array(np.ones(n, dtype=bool)),
                "truths": pa.array(np.bincount(image, minlength=n)),
                "predictions": pa.array(np.bincount(places[kind], minlength=n)),
                **columns,
                "width": pa.array(np.full(n, _SIDE)),
                "height": pa.array(np.full(n, _SIDE)),
            }
        )
        made[name] = EvaluationTable(_header("detection", classes, name, n), samples, objects=objects)
    return made


def _boxes(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    side = np.exp(rng.uniform(np.log(10), np.log(400), (count, 1))) * rng.uniform(0.6, 1.4, (count, 2))
    side = np.minimum(side, _SIDE)
    return np.concatenate([rng.uniform(0, _SIDE - side), side], axis=1)


def _objects(
    ids: pa.Array,
    classes: tuple[str, ...],
    image: NDArray[np.int64],
    label: NDArray[np.int64],
    box: NDArray[np.float64],
    score: NDArray[np.float64] | None,
) -> pa.Table:
    count = len(image)
    no = pa.array(np.zeros(count, dtype=np.bool_))
    role = pa.array(["truth" if score is None else "prediction"]).take(
        pa.array(np.zeros(count, dtype=np.int64))
    )
    columns = [
        ids.take(pa.array(image)),
        pa.nulls(count, pa.string()),
        pa.array(classes).take(pa.array(label)),
        *(pa.array(np.ascontiguousarray(box[:, side])) for side in range(4)),
        pa.array(box[:, 2] * box[:, 3]),
        no,
        no,
        pa.nulls(count, pa.binary()),
        role,
        pa.nulls(count, pa.float64()) if score is None else pa.array(score),
    ]
    return pa.Table.from_arrays(columns, schema=EVALUATED_OBJECT_SCHEMA)


def _policy(task: Task, axes: int, values: int, replicates: int) -> str:
    metric, floor = ("accuracy", 0.5) if task == "classification" else ("map_50", 0.2)
    names = [f"axis_{values}_{axis}" for axis in range(axes)]
    lines = [
        "apiVersion: seatrial/v1",
        f"statistics: {{alpha: 0.05, replicates: {replicates}, seed: 7}}",
        "defaults: {min_n: 1, on_inconclusive: warn}",
        "slices:",
        *(f"  {name}: {{by: [{name}]}}" for name in names),
        "rules:",
        f"  - {{id: floor, type: min, metric: {metric}, value: {floor}}}",
        f"  - {{id: kept, type: non_inferior, metric: {metric}, margin: 0.02}}",
    ]
    for name in names:
        lines.append(f"  - {{id: {name}, type: no_regression, metric: {metric}, slice: {name}}}")
        lines.append(f"  - {{id: fair-{name}, type: gap, metric: recall, slice: {name}, max: 0.3}}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))  # type: ignore[arg-type]  # the task's name

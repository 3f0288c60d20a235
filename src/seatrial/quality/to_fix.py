"""What to fix: findings as a queue for whoever labels, image by image, with what the findings suggest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seatrial.datasets import DatasetManifest
from seatrial.labelling import LabellingQueue, QueueItem, SuggestedBox
from seatrial.quality.finding import Finding

__all__ = ["to_fix"]

_WEIGHTS = {"error": 2.0, "warning": 1.0}

_SHOWN = 5


def to_fix(findings: Sequence[Finding], manifest: DatasetManifest) -> LabellingQueue:
    """Make a queue of every image that an error or a warning names, the worst first.

    An image's priority is the sum over its findings: 2 for an error, 1 for a warning, plus up to 1 by the
    finding's rank among those of its check. Its group is the check of the first. What is suggested are
    ``suggested_label`` and ``suggested_boxes`` of the findings' evidence; the boxes are the image's as they
    should be: those suggested, and of those that it has the ones that no suggestion replaces.

    Args:
        findings: What the checks found.
        manifest: The data set.
    """
    named: defaultdict[str, list[tuple[float, Finding]]] = defaultdict(list)
    known = set(manifest.table.column("id").to_pylist())
    for priority, finding in _weighed(findings):
        for one in finding.sample_ids:
            if one in known:
                named[one].append((priority, finding))
    there = _boxes_of(manifest, named)
    items = [_item(one, found, there.get(one, [])) for one, found in named.items()]
    return LabellingQueue.of(manifest, sorted(items, key=lambda item: (-item.priority, item.id)))


def _weighed(findings: Sequence[Finding]) -> Iterator[tuple[float, Finding]]:
    """Give errors and warnings with what each adds to an image's priority, the worst first."""
    by_check: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.severity in _WEIGHTS:
            by_check[one.check].append(one)
    weighed = []
    for found in by_check.values():
        scores = sorted({one.score for one in found})
        rank = {score: (place + 1) / len(scores) for place, score in enumerate(scores)}
        weighed += [(_WEIGHTS[one.severity] + rank[one.score], one) for one in found]
    yield from sorted(weighed, key=lambda pair: -pair[0])


def _item(
    image: str, found: Sequence[tuple[float, Finding]], there: Sequence[Mapping[str, Any]]
) -> QueueItem:
    reasons = [f"{one.check}: {one.message}" for _, one in found]
    more = [f"and {len(reasons) - _SHOWN} more"] if len(reasons) > _SHOWN else []
    labels = (one.evidence.get("suggested_label") for _, one in found)
    suggested = [box for _, one in found for box in one.evidence.get("suggested_boxes") or ()]
    replaced = {box.get("annotation") for box in suggested} - {None}
    kept = [box for box in there if box["annotation"] not in replaced]
    return QueueItem(
        image,
        round(sum(priority for priority, _ in found), 6),
        "; ".join(reasons[:_SHOWN] + more),
        found[0][1].check,
        next((label for label in labels if label is not None), None),
        tuple(_box(box) for box in (*kept, *suggested)),
    )


def _box(said: Mapping[str, Any]) -> SuggestedBox:
    mask = said.get("mask")
    x, y, width, height = (float(said[side]) for side in ("x", "y", "width", "height"))
    encoded = mask.encode("ascii") if isinstance(mask, str) else mask
    return SuggestedBox(said["class"], x, y, width, height, said.get("score"), encoded)


def _boxes_of(manifest: DatasetManifest, images: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Give the objects of some images, as they are annotated."""
    wanted = set(images)
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    if manifest.objects is not None:
        columns = ["image", "annotation", "class", "x", "y", "width", "height", "mask"]
        for one in manifest.objects.select(columns).to_pylist():
            if one["image"] in wanted:
                found[one["image"]].append(one)
    return found

"""COCO's twelve numbers are pycocotools', on real and on generated data, on slices and under weights."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as run_lengths

from seatrial.metrics import DetectionSamples, compute

TWELVE = (
    *("map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
WITHIN = 1e-9
#: The sides of the generated images, and a class in which nothing is.
SIDE, ABSENT = 320, "absent"


def measured(samples, index=None, weights=None, *, class_=None):
    chosen = np.arange(len(samples)) if index is None else np.asarray(index)
    given_weights = np.ones((1, len(chosen))) if weights is None else np.asarray(weights, float)[None, :]
    found = compute(samples, chosen, given_weights, TWELVE, per_class=class_ is not None)
    return {name: float(found[name, class_].values[0]) for name in TWELVE}


def same(ours, theirs):
    for name, value in theirs.items():
        expected = np.nan if value == -1 else value
        assert ours[name] == pytest.approx(expected, abs=WITHIN, nan_ok=True), name


@pytest.mark.shared_data
@pytest.mark.parametrize(("kind", "geometry", "first"), [("bbox", "box", 0.505), ("segm", "mask", 0.320)])
def test_real_boxes_and_masks_give_the_published_numbers(
    shared_data, pycocotools, from_coco, kind, geometry, first
):
    folder = shared_data / "coco_eval_fixtures"
    dataset = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / f"instances_val2014_fake{kind}100_results.json").read_text())
    theirs = pycocotools(copy.deepcopy(dataset), copy.deepcopy(results), kind)
    samples, kept = DetectionSamples.from_evaluation(from_coco(dataset, results), geometry=geometry)
    assert len(kept) == len(samples) == 100
    ours = measured(samples)
    same(ours, theirs)
    assert ours["map_50_95"] == pytest.approx(first, abs=5e-4)

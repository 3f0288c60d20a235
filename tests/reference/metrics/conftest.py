"""pycocotools as a plain function, and COCO files as evaluations."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

#: pycocotools' twelve numbers in its order.
TWELVE = (
    *("map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)


def _loaded(dataset):
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


@pytest.fixture(scope="session")
def pycocotools():
    """Run pycocotools; gives each of the twelve, and the same of single classes where asked for."""

    def run(dataset, results, kind="bbox", image_ids=None, class_ids=None):
        with contextlib.redirect_stdout(io.StringIO()):
            truth = _loaded(dataset)
            predicted = truth.loadRes(results) if results else _loaded({**dataset, "annotations": []})
            evaluation = COCOeval(truth, predicted, kind)
            if image_ids is not None:
                evaluation.params.imgIds = list(image_ids)
            if class_ids is not None:
                evaluation.params.catIds = list(class_ids)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return dict(zip(TWELVE, np.asarray(evaluation.stats).tolist(), strict=True))

    return run


@pytest.fixture(scope="session")
def from_coco(detection_table):
    """Turn a COCO data set and results, as pycocotools holds them, into an evaluation."""

    def build(dataset, results):
        with contextlib.redirect_stdout(io.StringIO()):
            coco = _loaded(dataset)
        names = {one["id"]: one["name"] for one in coco.dataset["categories"]}
        ids = sorted(one["id"] for one in coco.dataset["images"])

        def mask(one):
            if not one.get("segmentation"):
                return None
            counts = coco.annToRLE(one)["counts"]
            return counts if isinstance(counts, bytes) else counts.encode()

        truths = [
            {
                "image": str(one["image_id"]),
                "class": names[one["category_id"]],
                "box": one["bbox"],
                "area": one["area"],
                "crowd": bool(one.get("iscrowd", 0)),
                "ignore": False,
                "mask": mask(one),
            }
            for one in coco.dataset["annotations"]
        ]
        predictions = [
            {
                "image": str(one["image_id"]),
                "class": names[one["category_id"]],
                "box": one.get("bbox", [0.0, 0.0, 1.0, 1.0]),
                "score": one["score"],
                **_of_mask(mask(one), coco.imgs[one["image_id"]]),
            }
            for one in results
        ]
        classes = [names[key] for key in sorted(names)]
        return detection_table([str(one) for one in ids], classes, truths, predictions)

    return build


def _of_mask(counts, image):
    if counts is None:
        return {}
    from pycocotools import mask

    area = float(mask.area({"size": [image["height"], image["width"]], "counts": counts}))
    return {"mask": counts, "area": area}

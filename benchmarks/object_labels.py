"""Quality of annotated boxes beside cleanlab's ObjectLab: speed, agreement, and which errors come first."""

import time
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.planted_labels import Scene, draw_scene, objectlab_input
from benchmarks.row import Claim, Row, seconds
from seatrial.quality.label_errors.boxes import doubt_boxes

_SEEDS = (1, 2, 3)

_WORK = (
    # images, objects each, √area, confident
    (200, 20, 50, True),
    (400, 7, 50, True),
    (400, 7, 15, True),
    (400, 7, 150, True),
    (400, 7, 50, False),
)


def rows() -> Iterator[Row]:
    """Draw scenes with errors in a quarter of the images and let both rank the images."""
    from cleanlab.object_detection.rank import get_label_quality_scores
    from scipy.stats import spearmanr
    from sklearn.metrics import average_precision_score

    for images, each, size, confident in _WORK:
        figures, speeds = [], []
        for seed in _SEEDS:
            scene = draw_scene(seed, images, each, size=size, confident=confident)
            labels, predictions = objectlab_input(scene)

            def ours(scene: Scene = scene) -> NDArray[np.float64]:
                return doubt_boxes(scene.truths, scene.predictions, scene.images, scene.classes).quality

            ours()  # kernels are compiled
            fast, _ = seconds(ours)
            start = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reference = get_label_quality_scores(labels, predictions, verbose=False)
            speeds.append([images / fast, images / (time.perf_counter() - start)])
            quality = ours()
            mine, other = (average_precision_score(scene.wrong, -one) for one in (quality, reference))
            agreement = spearmanr(quality, reference).statistic
            figures.append([mine, other, scene.wrong.mean(), agreement])
        (fast, slow), (mine, other, random, agreement) = np.median(speeds, axis=0), np.mean(figures, axis=0)
        ratio = fast / slow
        claims = (Claim("object_labels", f"{ratio:.0f}×", reached=ratio >= 20),) if each == 20 else ()
        detector = "sure" if confident else "middling"
        yield Row(
            f"{images} images of {each} objects of {size} pixels, {detector} detector, {len(_SEEDS)} seeds",
            f"{fast:,.0f} images/s; average precision {mine:.3f}",
            f"ObjectLab: {slow:,.0f} images/s; {other:.3f}; random {random:.3f}",
            f"{ratio:.0f}× faster",
            f"Spearman {agreement:.3f}",
            claims,
        )

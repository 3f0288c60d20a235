"""The layout keeps neighbours together as well as umap-learn's, on real images."""

import warnings

import numpy as np
import pytest

from seatrial.mining.embedding_map import project

pytestmark = pytest.mark.slow  # umap-learn compiles itself for up to a minute


def test_neighbours_are_kept_as_by_umap_learn():
    datasets = pytest.importorskip("sklearn.datasets", reason="needs scikit-learn")
    umap = _umap()
    from sklearn.manifold import trustworthiness

    digits = datasets.load_digits()
    vectors = digits.data[:900].astype(np.float32)
    centred = vectors - vectors.mean(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own about threads and spectral starts
        other = umap.UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(centred)
    kept = [
        trustworthiness(centred, places, metric="cosine", n_neighbors=15)
        for places in (project(vectors), other)
    ]
    assert kept[0] > 0.97
    assert kept[0] > kept[1] - 0.01


def _umap():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its variant that needs TensorFlow
        return pytest.importorskip("umap", reason="needs umap-learn")

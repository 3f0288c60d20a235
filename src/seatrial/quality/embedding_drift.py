"""Drift between embeddings: can anybody tell from an image's embedding which of two data sets it is from?

A classifier is fitted to tell them apart, on one half, and asked about the other, and the other way round.
Its AUROC is the Mann–Whitney statistic of its scores, whose null distribution is known (a classifier
two-sample test, Lopez-Paz & Oquab 2017): .5 where nothing has changed. So a threshold means the same for
forty images and for forty thousand, which a bound on the AUROC alone does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.quality.finding import Finding
from seatrial.quality.options import CheckOptions

__all__ = ["EmbeddingDrift", "embedding_drift", "measure_embedding_drift"]

_COMPONENTS = 32
_MOST_ROWS = 10_000
_SEED = 0
_SHOWN = 20


@dataclass(frozen=True)
class EmbeddingDrift:
    """How well two data sets can be told apart.

    Attributes:
        auroc: Of the classifier on images that it has not seen, in [0, 1].
        p: One-sided, of the hypothesis that they cannot be told apart.
        scores: How much each row of the data set looks unlike the reference, shape (n,), in [0, 1]; NaN for
            rows that were not looked at.
    """

    auroc: float
    p: float
    scores: NDArray[np.float64]


def embedding_drift(
    data: EvaluationTable | None, reference: EvaluationTable | None, options: CheckOptions
) -> list[Finding]:
    """Report that the embeddings of two evaluations by one model are distributed otherwise.

    Args:
        data: Evaluation of the data set.
        reference: Evaluation of the reference.
        options: ``drift_min_n``, ``drift_alpha`` and ``drift_auroc`` matter.

    Returns:
        At most one finding, with the samples that are most unlike the reference; none where there are not
        both evaluations, or they have no embeddings of one model.
    """
    if data is None or reference is None or data.header.model_digest != reference.header.model_digest:
        return []
    if data.embeddings is None or reference.embeddings is None:
        return []
    if min(len(data.embeddings), len(reference.embeddings)) < options.drift_min_n:
        return []
    found = measure_embedding_drift(data.embeddings, reference.embeddings, _units(data), _units(reference))
    if found.p >= options.drift_alpha or found.auroc < options.drift_auroc:
        return []
    order = np.argsort(-np.nan_to_num(found.scores, nan=-1), kind="stable")[:_SHOWN]
    ids = data.samples.column("id").to_pylist()
    message = (
        "embeddings are distributed otherwise than in the reference: a classifier tells which data set an "
        f"image is from with an AUROC of {found.auroc:.2f} (p {found.p:.2g}), drift from "
        f"{options.drift_auroc:g} on"
    )
    evidence = {
        "column": "embeddings",
        "method": "domain classifier",
        "value": found.auroc,
        "p": found.p,
        "threshold": options.drift_auroc,
    }
    return [Finding("drift", "warning", message, tuple(ids[row] for row in order), found.auroc, evidence)]


def measure_embedding_drift(
    data: NDArray[np.float32],
    reference: NDArray[np.float32],
    data_units: Sequence[str] | None = None,
    reference_units: Sequence[str] | None = None,
) -> EmbeddingDrift:
    """Test whether embeddings of two data sets are drawn from one distribution.

    Args:
        data: Shape (n, width).
        reference: Shape (m, width).
        data_units: What each row belongs to (a scene, a patient), so that rows of one unit are never fitted
            and asked about; None where rows are independent.
        reference_units: The same of the reference.
    """
    kept = [_spread(len(one)) for one in (data, reference)]
    both = [one[rows] for one, rows in zip((data, reference), kept, strict=True)]
    units = [
        [f"{side}{row}" if given is None else given[row] for row in rows.tolist()]
        for side, (given, rows) in enumerate(zip((data_units, reference_units), kept, strict=True))
    ]
    vectors = np.concatenate(both).astype(np.float64)
    is_data = np.repeat([True, False], [len(both[0]), len(both[1])])
    half = _halves([*units[0], *units[1]])
    asked = _cross_fitted(_reduced(vectors), is_data, half)
    tests = [_test(asked[part & is_data], asked[part & ~is_data]) for part in (half, ~half)]
    scores = np.full(len(data), np.nan)
    scores[kept[0]] = asked[is_data]
    # each half is a test of its own; of two, the better one counts twice (Bonferroni)
    p = min(1.0, 2 * min(one for _, one in tests))
    return EmbeddingDrift(float(np.mean([one for one, _ in tests])), p, scores)


def _test(data: NDArray[np.float64], reference: NDArray[np.float64]) -> tuple[float, float]:
    """Give the AUROC of scores and its one-sided p; .5 and 1 where one side is empty."""
    from scipy.special import ndtr

    n, m = len(data), len(reference)
    if min(n, m) == 0:
        return 0.5, 1.0
    auroc = _auroc(data, reference)
    return auroc, float(ndtr((0.5 - auroc) / np.sqrt((n + m + 1) / (12 * n * m))))


def _spread(n: int) -> NDArray[np.int64]:
    return np.linspace(0, n - 1, min(n, _MOST_ROWS)).round().astype(np.int64)


def _reduced(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    from sklearn.decomposition import PCA

    centred = vectors - vectors.mean(axis=0)
    width = min(_COMPONENTS, *centred.shape)
    reduced = PCA(width, svd_solver="randomized", random_state=_SEED).fit_transform(centred)
    spread = reduced.std(axis=0)
    return np.asarray(reduced / np.where(spread > 0, spread, 1), dtype=np.float64)


def _halves(units: Sequence[str]) -> NDArray[np.bool_]:
    """Divide rows into two halves, rows of one unit into the same."""
    names, codes = np.unique(np.array(units, dtype=object).astype(str), return_inverse=True)
    order = np.random.default_rng(_SEED).permutation(len(names))
    return np.asarray((order % 2 == 0)[codes])


def _cross_fitted(
    vectors: NDArray[np.float64], is_data: NDArray[np.bool_], half: NDArray[np.bool_]
) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    asked = np.full(len(vectors), 0.5)
    for fitted in (half, ~half):
        if len(set(is_data[fitted].tolist())) == 2:  # noqa: PLR2004 - a half of one side teaches nothing
            model = LogisticRegression(class_weight="balanced", max_iter=500)
            model.fit(vectors[fitted], is_data[fitted])
            asked[~fitted] = model.predict_proba(vectors[~fitted])[:, 1]
    return asked


def _auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)].sum()
    wins = ranks - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def _units(table: EvaluationTable) -> list[str]:
    ids: list[str] = table.samples.column("id").to_pylist()
    if "group" not in table.samples.column_names:
        return ids
    groups = table.samples.column("group").to_pylist()
    return [one if group is None else f"group {group}" for one, group in zip(ids, groups, strict=True)]

"""Blind spots: planted groups beside simpler ways, attribute search beside SliceLine, a million samples."""

import json
import multiprocessing
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.peers import call
from benchmarks.planted_slices import KINDS, Planted, plant
from benchmarks.row import Claim, Row, peak_gib, seconds
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.mining.blind_spots import find_blind_spots
from seatrial.mining.change import compare_models
from seatrial.mining.conjunctions import Coded, ConjunctionOptions, search
from seatrial.mining.importance import attribute_importance
from seatrial.mining.mixture import Mixture

#: The defaults were chosen on seeds 100 to 115, and once more after a look at 0 to 9: these are others.
_SEEDS = range(200, 210)

#: Groups of each method that count, and samples of each group.
_GROUPS, _TOP = 10, 10

_MILLION, _WIDTH = 1_000_000, 128


def rows() -> Iterator[Row]:
    """Measure what is found, then how fast."""
    yield from _planted()
    yield _regression()
    yield from _searches()
    yield _million()


def _planted() -> Iterator[Row]:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    start = time.perf_counter()
    for kind in KINDS:
        for seed in _SEEDS:
            one = plant(kind, seed)
            half = np.random.default_rng(seed).random(len(one.truth)) < 0.5
            for space in ("activations", "foreign"):
                vectors = getattr(one, space)
                for name, method in (("mixture", _mixture), ("k-means", _k_means), ("cell", _cell)):
                    best = [one.member[~half][top].mean() for top in method(one, vectors, half)]
                    found[f"{space}, {name}"][kind].append(float(max(best, default=0.0)))
    took = time.perf_counter() - start

    def told(name: str) -> str:
        return " / ".join(f"{np.mean(found[name][kind]):.2f}" for kind in KINDS)

    for space in ("activations", "foreign"):
        yield Row(
            f"planted groups (rare / correlation / noisy), {space}, {len(_SEEDS)} seeds each",
            f"P@10 {told(f'{space}, mixture')}",
            f"k-means on errors {told(f'{space}, k-means')}; confusion cell {told(f'{space}, cell')}",
            "to reach on activations: .96 / 1.00 / .70",
            f"found on one half, the ten most typical of the other counted; all in {took:.0f} s",
        )


def _mixture(one: Planted, vectors: NDArray[np.float32], half: NDArray[np.bool_]) -> list[Any]:
    wrong = one.truth != one.prediction
    mixture = Mixture.fit(vectors[half], one.truth[half], one.prediction[half], wrong[half])
    if mixture is None:
        return []
    seen, _ = mixture.assign(vectors[half], one.truth[half], one.prediction[half])
    which, typical = mixture.assign(vectors[~half], one.truth[~half], one.prediction[~half])
    size = len(mixture)
    excess = np.bincount(seen[wrong[half]], minlength=size)
    excess = excess - np.bincount(seen, minlength=size) * wrong[half].mean()
    ranked = [group for group in np.argsort(-excess, kind="stable")[:_GROUPS] if excess[group] > 0]
    return [np.lexsort((-typical, which != group))[:_TOP] for group in ranked]


def _k_means(one: Planted, vectors: NDArray[np.float32], half: NDArray[np.bool_]) -> list[Any]:
    from sklearn.cluster import KMeans

    wrong = one.truth != one.prediction
    chosen = vectors[half & wrong]
    means = KMeans(min(_GROUPS, len(chosen)), n_init=3, random_state=0).fit(chosen)
    apart = means.transform(vectors[~half])
    return [np.lexsort((far, ~wrong[~half]))[:_TOP] for far in apart.T]


def _cell(one: Planted, vectors: NDArray[np.float32], half: NDArray[np.bool_]) -> list[Any]:
    del vectors
    truth, prediction = one.truth[~half], one.prediction[~half]
    surely = one.scores[~half][np.arange(len(truth)), truth]
    return [
        np.lexsort((surely, ~((truth == code) & (prediction != code))))[:_TOP]
        for code in np.unique(one.truth)
    ]


def _regression() -> Row:
    """Break one of twenty sites, by a third of its samples, in a model that is better everywhere else."""
    n, hits, others = 20_000, 0, 0
    names = np.array([f"s{number:02}" for number in range(20)])
    for seed in _SEEDS:
        random = np.random.default_rng(seed)
        site, light, truth = random.integers(0, 20, n), random.integers(0, 3, n), random.integers(0, 5, n)
        before = random.random(n) < 0.15
        broken = (site == 7) & (random.random(n) < 0.33)
        now = (before & (random.random(n) < 0.8)) | broken | (random.random(n) < 0.01)
        old, new = (
            _evaluation(
                truth, np.where(wrong, (truth + 1) % 5, truth), {"site": names[site], "light": light}, None
            )
            for wrong in (before, now)
        )
        titles = [group.title for group in compare_models(new, old).broken.confirmed]
        hits += titles[:1] == ["site=s07"]
        others += len([title for title in titles if "site=s07" not in title])
    return Row(
        f"a regression on one of 20 sites, the candidate better elsewhere, {n:,} samples",
        f"the first broken group in {hits} of {len(_SEEDS)} seeds; {others} others",
        "accuracy over all: the candidate looks better or equal",
        f"{hits}/{len(_SEEDS)}",
        "groups confirmed by McNemar's test on the other half, Holm over all tried",
    )


def _searches() -> Iterator[Row]:
    cells, errors = _problem(100_000, 12)
    for order, name in ((2, "pairs"), (3, "triples")):
        ours, spread, gib, best = _alone(_search, 100_000, 12, order, 1000)
        if order == 2:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "problem.npz"
                np.savez(path, cells=cells, errors=errors)
                told = call("slice_search", problem=str(path), order=2, support=1000, weight=0.99, most=20)
            theirs = f"sliceline 0.3.0: {told['seconds']:.1f} s, {told['gib']:.1f} GiB"
            same = {tuple(map(tuple, one["literals"])) for one in told["slices"]}
            assert set(best) == same
            agreement, ratio = f"the same {len(best)} best", f"{told['seconds'] / ours:.0f}× faster"
        else:
            theirs, ratio = "not run: out of memory at 27.7 GiB when it was", f"{ours:.2f} s of 3 s"
            agreement = "exactness in `tests/property/mining`"
        same_best = f"; {agreement}" if order == 2 else ""
        limit = 0.5 if order == 2 else 3.0
        claim = Claim(
            name,
            f"{ours:.2f} s, {gib:.2f} GiB with the data{same_best}",
            reached=ours <= limit and gib <= 1,
        )
        yield Row(
            f"attribute search, 100,000 × 12 attributes × 8 values, {name}",
            f"{ours:.2f} s ({spread:.2f}), {gib:.2f} GiB with the data",
            theirs,
            ratio,
            agreement,
            (claim,),
        )
    ours, spread, gib, _ = _alone(_search, _MILLION, 20, 2, 10_000)
    yield Row(
        "attribute search, 1,000,000 × 20 attributes × 8 values, pairs",
        f"{ours:.2f} s ({spread:.2f}), {gib:.2f} GiB with the data",
        "a prototype that counted: 3.0 s",
        f"{3.0 / ours:.1f}×",
        "exactness in `tests/property/mining`",
        (Claim("million_pairs", f"{ours:.2f} s", reached=ours <= 3),),
    )


def _alone(work: Any, *arguments: Any) -> Any:
    """Call a function in a process of its own, whose memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _search(n: int, attributes: int, order: int, support: int) -> tuple[float, float, float, list[Any]]:
    """Search; gives the median and the spread in seconds, the most memory in GiB, and the best."""
    cells, errors = _problem(n, attributes)
    coded = Coded(list(cells.T), [8] * attributes)
    options = ConjunctionOptions(order=order, support=support, weight=0.99, most=20)
    took, spread = seconds(lambda: search(coded, errors, options))
    return took, spread, peak_gib(), [one.literals for one in search(coded, errors, options)]


def _problem(n: int, attributes: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    random = np.random.default_rng(7)
    cells = random.integers(0, 8, (n, attributes))
    rate = np.full(n, 0.1)
    for place in range(4):
        rate[(cells[:, place] == place) & (cells[:, place + 4] == 1)] += 0.4
    return cells, (random.random(n) < rate).astype(np.float64)


def _evaluation(
    truth: NDArray[np.int64],
    prediction: NDArray[np.int64],
    attributes: dict[str, NDArray[Any]],
    vectors: NDArray[np.float32] | None,
) -> EvaluationTable:
    n, classes = len(truth), tuple(f"c{code}" for code in range(int(truth.max()) + 1))
    images = pa.table(
        {
            "id": pa.array(np.arange(n).astype(str)),
            "label": pa.array(classes, pa.string()).take(pa.array(truth)),
            "group": pa.nulls(n, pa.string()),
            **{name: pa.array(values) for name, values in attributes.items()},
        }
    )
    header = EvaluationHeader("classification", classes, "m", "sha256:m", "generated", "sha256:d", n)
    samples = classification_samples(images, classes, prediction, None, None)
    return EvaluationTable(header, samples, None, vectors)


def _million() -> Row:
    told = _alone(_find_in_a_million)
    return Row(
        f"find blind spots, {_MILLION:,} samples × {_WIDTH}-d embeddings, 6 attributes, 50 classes",
        f"{told['seconds']:.0f} s, at most {told['gib']:.1f} GiB with the data; {told['importance']:.0f} s "
        "more for the attributes that matter",
        "",
        "to reach: 300 s, 6 GiB on two cores",
        f"the planted place and the planted pair are confirmed: {told['found']}; the mixture is fitted to "
        "100,000 samples, half of them errors, and assigns all",
    )


def _find_in_a_million() -> dict[str, Any]:
    random = np.random.default_rng(7)
    truth = random.integers(0, 50, _MILLION)
    centres = random.normal(size=(50, _WIDTH)).astype(np.float32) * 2
    vectors = random.standard_normal((_MILLION, _WIDTH), dtype=np.float32)
    for start in range(0, _MILLION, 100_000):
        vectors[start : start + 100_000] += centres[truth[start : start + 100_000]]
    attributes = {f"a{place}": random.integers(0, 10, _MILLION) for place in range(6)}
    corner = (truth == 3) & (random.random(_MILLION) < 0.3)
    vectors[corner] += 3 * random.normal(size=_WIDTH).astype(np.float32)
    rate = np.full(_MILLION, 0.05)
    rate[corner] = 0.7
    rate[(attributes["a1"] == 4) & (attributes["a2"] == 2)] = 0.5
    prediction = np.where(random.random(_MILLION) < rate, (truth + 1) % 50, truth)
    table = _evaluation(truth, prediction, attributes, vectors)
    start = time.perf_counter()
    found = find_blind_spots(table)
    took = time.perf_counter() - start
    gib = peak_gib()
    start = time.perf_counter()
    attribute_importance(found.axes, found.failures, found.confirming, confidence=0.95, seed=7)
    importance = time.perf_counter() - start
    pair = any(one.title == "a1=4 & a2=2" for one in found.confirmed)
    place = any(
        (one.candidate.inside & corner).sum() > 0.8 * max(one.size, 1)
        for one in found.confirmed
        if one.candidate.spec.cluster is not None
    )
    for one in found.groups:
        print(f"    {one.title}: {len(one.errors)} of {one.size}", file=sys.stderr)
    return {"seconds": took, "gib": gib, "importance": importance, "found": pair and place}


if __name__ == "__main__":
    print(json.dumps(_find_in_a_million()))

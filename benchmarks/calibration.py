"""Whether intervals hold the truth as often as they say, and verdicts err no more often than they may."""

from collections.abc import Callable, Iterator, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from benchmarks.populations import POPULATIONS, SCENE, Key, Population
from benchmarks.row import Row
from seatrial.metrics import METRICS, ClassificationSamples, compute
from seatrial.slices.cell import Cell
from seatrial.slices.intervals import Scale
from seatrial.statistics import Estimate, PoissonWeights, holm, mcnemar_midp

COLUMNS = ("claim", "found", "expected", "holds", "how")

_SEED = 7
_REPLICATES = 300
_TRIALS = 1000
#: Families of 100 slices are dear: each trial measures 100 slices by bootstrap.
_FAMILIES = 200
_CONFIDENCE, _ALPHA = 0.95, 0.05
_SIZES = (50, 200, 1000)
#: Coverage that is asked for at each size: least and most.
_COVERAGE = ((0.92, 1.0), (0.93, 0.97), (0.93, 0.97))
#: With few scenes an interval may be too wide, not too narrow.
_OF_SCENES = ((0.92, 1.0), (0.93, 1.0), (0.93, 0.97))
#: Two models of which 6 % of the samples are right by one alone.
_DISAGREEMENT, _SLICES, _SLICE = 0.06, 100, 200
#: A share that is off by no more than so many Monte-Carlo errors may be chance.
_ERRORS = 2.0


def rows() -> Iterator[Row]:
    """Draw test sets from generated populations again and again."""
    for scene in (1, SCENE):
        for task, make in POPULATIONS.items():
            population = make(np.random.default_rng(_SEED), scene)
            yield from _coverages(task, population)
            yield from _non_inferiority(task, population)
    yield _identical("accuracy, McNemar mid-p, Holm", _identical_accuracy, _TRIALS)
    yield _identical("macro-F1, paired bootstrap, Holm", _identical_f1, _FAMILIES)
    yield _caught()


class _Trials:
    """Test sets drawn from one population, with all measurements of each."""

    def __init__(self, population: Population, n: int, trials: int) -> None:
        self._population, self._n, self._trials = population, n, trials
        groups = [str(row // population.scene) for row in range(n)]
        self._weights = PoissonWeights(_SEED, groups)
        self._units = n // population.scene

    def cells(self, *, paired: bool) -> Iterator[dict[Key, Cell]]:
        """Measure test set after test set, each with replicates of its own."""
        rng = np.random.default_rng(_SEED)
        population = self._population
        models = (population.candidate, population.champion)[: 2 if paired else 1]
        once = np.ones((1, self._n), dtype=np.uint8)
        for trial in range(self._trials):
            index = population.draw(rng, self._n)
            drawn = self._weights.block(trial * _REPLICATES, (trial + 1) * _REPLICATES)
            points = [population.compute(model, index, once) for model in models]
            draws = [population.compute(model, index, drawn) for model in models]
            yield {
                key: Cell(
                    key,
                    self._correct(key, index, paired=paired),
                    tuple(of_model[key] for of_model in points),
                    tuple(of_model[key].values for of_model in draws),
                    Scale.of(
                        METRICS[key[0]],
                        len(models[0].classes),
                        units=self._units,
                        confidence=_CONFIDENCE,
                    ),
                )
                for key in population.keys
            }

    def _correct(
        self, key: Key, index: NDArray[np.int64], *, paired: bool
    ) -> tuple[NDArray[np.bool_], ...] | None:
        if key != ("accuracy", None) or self._population.scene > 1:
            return None
        models = (self._population.candidate, self._population.champion)[: 2 if paired else 1]
        assert all(isinstance(model, ClassificationSamples) for model in models)
        return tuple(model.correct[index] for model in models)  # type: ignore[attr-defined] # asserted


def _coverages(task: str, population: Population) -> Iterator[Row]:
    by_size = [_coverage(population, n) for n in _SIZES]
    for key in population.keys:
        found = [of_size[key] for of_size in by_size]
        claim = f"coverage of 95 % intervals: {task}, {_name(key)}"
        expected = _COVERAGE if population.scene == 1 else _OF_SCENES
        yield _row(f"{claim}, {_sizes(population, _SIZES)}", found, expected)


def _non_inferiority(task: str, population: Population) -> Iterator[Row]:
    sizes = _SIZES[1:2] if population.scene > 1 else _SIZES[:2]
    by_size = [_false_passes(population, n) for n in sizes]
    for key in population.keys:
        found = [of_size[key] for of_size in by_size]
        claim = f"false non-inferiority: {task}, {_name(key)}"
        yield _row(f"{claim}, {_sizes(population, sizes)}", found, [(0.0, _ALPHA)] * len(sizes))


def _sizes(population: Population, sizes: Sequence[int]) -> str:
    if population.scene == 1:
        return "n = " + " · ".join(f"{n:,}" for n in sizes)
    return " · ".join(f"{n // SCENE:,}" for n in sizes) + f" scenes of {SCENE}"


def _coverage(population: Population, n: int) -> dict[Key, list[bool]]:
    """Say which intervals hold the population's value, of those that say anything."""
    truth, _ = population.truth
    found: dict[Key, list[bool]] = {key: [] for key in population.keys}
    for cells in _Trials(population, n, _TRIALS).cells(paired=False):
        for key, cell in cells.items():
            measured = cell.estimate(0)
            if not isinstance(measured, Estimate) or (measured.low, measured.high) == (0.0, cell.scale.top):
                continue
            assert measured.low is not None
            assert measured.high is not None
            found[key].append(measured.low <= truth[key] <= measured.high)
    return found


def _false_passes(population: Population, n: int) -> dict[Key, list[bool]]:
    """Test for non-inferiority with the very margin by which the candidate is worse."""
    ours, theirs = population.truth
    found: dict[Key, list[bool]] = {key: [] for key in population.keys}
    for cells in _Trials(population, n, _TRIALS).cells(paired=True):
        for key, cell in cells.items():
            difference, apart = cell.difference(), ours[key] - theirs[key]
            if difference is None:
                found[key].append(False)
            elif METRICS[key[0]].higher_is_better:
                found[key].append(difference.low > apart)
            else:
                found[key].append(difference.high < apart)
    return found


def _identical(what: str, blocked: Callable[[int], Iterator[bool]], trials: int) -> Row:
    claim = f"identical models, {_DISAGREEMENT:.0%} disagreement, {_SLICES} slices of {_SLICE}: blocked"
    return _row(f"{claim} ({what})", [list(blocked(trials))], [(0.0, _ALPHA)])


def _identical_accuracy(trials: int) -> Iterator[bool]:
    rng = np.random.default_rng(_SEED)
    half = _DISAGREEMENT / 2
    for _ in range(trials):
        counts = rng.multinomial(_SLICE, [half, half, 1 - 2 * half], size=_SLICES)
        p = [mcnemar_midp(int(b), int(c)) for b, c, _ in counts]
        yield bool(holm(p).min() <= _ALPHA)


def _identical_f1(trials: int) -> Iterator[bool]:
    """The same with classes: what one model alone has right is of any class, and taken for any other."""
    rng = np.random.default_rng(_SEED)
    weights = PoissonWeights(_SEED, [str(row) for row in range(_SLICE)])
    for trial in range(trials):
        drawn = weights.block(trial * _REPLICATES, (trial + 1) * _REPLICATES)
        yield bool(holm([_p_worse_f1(rng, drawn) for _ in range(_SLICES)]).min() <= _ALPHA)


def _p_worse_f1(rng: np.random.Generator, drawn: NDArray[np.uint8]) -> float:
    """Test two equal models by macro-F1 on one slice."""
    key, classes = ("f1", None), ("a", "b", "c")
    truth = rng.choice(3, _SLICE, p=[0.5, 0.3, 0.2]).astype(np.int32)
    wrong = ((truth + rng.integers(1, 3, _SLICE)) % 3).astype(np.int32)
    half = _DISAGREEMENT / 2
    right = rng.choice(4, _SLICE, p=[0.9 - half, half, half, 0.1 - half])  # both, one, the other, neither
    models = [
        ClassificationSamples(truth, np.where((right == 0) | (right == own), truth, wrong), None, classes)
        for own in (1, 2)
    ]
    everything, once = np.arange(_SLICE), np.ones((1, _SLICE), dtype=np.uint8)
    points = [compute(one, everything, once, ("f1",), per_class=False)[key] for one in models]
    draws = [compute(one, everything, drawn, ("f1",), per_class=False)[key].values for one in models]
    scale = Scale.of(METRICS["f1"], 3, units=_SLICE, confidence=_CONFIDENCE)
    difference = Cell(key, None, tuple(points), tuple(draws), scale).difference()
    assert difference is not None
    return difference.p_worse


def _caught() -> Row:
    """Let one slice of many be 5 points worse beside the disagreement that all have."""
    rng = np.random.default_rng(_SEED)
    n, drop, half = 1000, 0.05, _DISAGREEMENT / 2
    found = []
    for _ in range(_TRIALS):
        equal = rng.multinomial(n, [half, half, 1 - 2 * half], size=_SLICES - 1)
        worse = rng.multinomial(n, [half, half + drop, 1 - 2 * half - drop], size=1)
        p = [mcnemar_midp(int(b), int(c)) for b, c, _ in np.concatenate([worse, equal])]
        found.append(bool(holm(p)[0] <= _ALPHA))
    claim = f"one of {_SLICES} slices of {n:,} is 5 points worse: caught (accuracy, McNemar mid-p, Holm)"
    return _row(claim, [found], [(0.9, 1.0)])


def _row(claim: str, found: Sequence[Sequence[bool]], expected: Sequence[tuple[float, float]]) -> Row:
    """Hold shares against what is expected of each; where no interval says anything there is no share."""
    shares, wanted, misses, errors = [], [], [], [0.0]
    for hits, (least, most) in zip(found, expected, strict=True):
        wanted.append(_between(least, most))
        if not hits:
            shares.append("says nothing")
            continue
        share, trials = float(np.mean(hits)), len(hits)
        shares.append(f"{share:.3f}")
        errors.append(sqrt(max(share * (1 - share), 1 / trials) / trials))
        misses.append(max(least - share, share - most, 0.0) / errors[-1])
    if not any(misses):
        holds = "yes"
    else:
        holds = f"within {max(misses):.1f} Monte-Carlo errors" if max(misses) <= _ERRORS else "NO"
    trials = max(len(hits) for hits in found)
    how = f"{trials:,} test sets, ± {max(errors):.3f}"
    return Row(claim, " · ".join(shares), " · ".join(dict.fromkeys(wanted)), holds, how)


def _between(least: float, most: float) -> str:
    if least == 0:
        return f"≤ {most:.2f}"
    return f"≥ {least:.2f}" if most == 1 else f"{least:.2f}–{most:.2f}"


def _name(key: Key) -> str:
    return key[0] if key[1] is None else f"{key[0]} of class {key[1]}"

"""Label errors, planted and real: average precision beside cleanlab's and a random order."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.planted_labels import NOISE, Digits
from benchmarks.row import Row
from seatrial.quality.label_errors import doubt_labels

COLUMNS = ("errors", "Seatrial", "beside", "ratio", "how")

SHARED = Path(__file__).parents[2] / "shared" / "data"

_SEEDS = range(5)


def rows() -> Iterator[Row]:
    """Planted noise on digits, then errors that people confirmed."""
    for kind in NOISE:
        yield _digits(kind)
    if (SHARED / "label_errors").is_dir():
        yield from (_reviewed(name, title) for name, title in (("mnist", "MNIST"), ("20news", "20news")))


def _digits(kind: str) -> Row:
    from scipy.stats import rankdata
    from sklearn.metrics import average_precision_score as precision

    found = []
    for seed in _SEEDS:
        digits = Digits.noisy(kind, seed)
        scores, areas, near = digits.held_out(), digits.areas(), digits.agreement()
        sure = scores[np.arange(len(scores)), digits.labels]
        three = rankdata(sure) + rankdata(near) + rankdata(areas)
        doubts = [
            doubt_labels(digits.labels, 10, scores=scores, embeddings=digits.pixels),
            doubt_labels(digits.labels, 10, scores=scores, embeddings=digits.pixels, areas=areas),
            doubt_labels(digits.labels, 10, embeddings=digits.pixels),
        ]
        first = doubts[0].ranked(digits.labels)[: doubts[0].estimated]
        values = [precision(digits.wrong, one.doubt) for one in doubts]
        values += [precision(digits.wrong, -one) for one in (sure, near, three)]
        values += [digits.wrong[first].mean(), digits.wrong[first].sum() / digits.wrong.sum()]
        found.append([*values, digits.wrong.mean()])
    default, dynamics, alone, sure, near, three, right, recall, random = np.mean(found, axis=0)
    best = max(sure, near, three)
    return Row(
        f"digits, {kind} ({len(_SEEDS)} seeds)",
        f"{default:.3f}; with training dynamics {dynamics:.3f}; embeddings alone {alone:.3f}",
        f"self-confidence {sure:.3f}, kNN {near:.3f}, rank-mean with AUM {three:.3f}, random {random:.3f}",
        f"{(1 - best) / (1 - default):.1f}× less missing to 1 than the best of them",
        f"average precision; of what is a warning {right:.0%} is wrong, of what is wrong {recall:.0%} is one",
    )


def _reviewed(name: str, title: str) -> Row:
    from cleanlab.filter import find_label_issues

    folder = SHARED / "label_errors"
    scores = np.load(folder / "pred_probs" / f"{name}_test_set_pyx.npy")
    labels = np.load(folder / "original_labels" / f"{name}_test_set_original_labels.npy").astype(np.int64)
    reviewed = json.loads((folder / "mturk" / f"{name}_mturk.json").read_text())
    wrong = {int(one["id"]) for one in reviewed if one["mturk"]["given"] < 3}
    doubts = doubt_labels(labels, scores.shape[1], scores=scores)
    first = doubts.ranked(labels)[: max(100, doubts.estimated)].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = find_label_issues(labels, scores, return_indices_ranked_by="self_confidence", n_jobs=1)
    places = [place for place, row in enumerate(first, start=1) if row in wrong]
    chance = len(wrong) * len(first) / len(labels)
    return Row(
        f"{title} test, {len(wrong)} errors that people confirmed among {len(labels):,}",
        f"{len(places)} of {len(wrong)} in the {len(first)} that are listed, the last at {places[-1]}",
        f"cleanlab's default lists {len(theirs)}: {len(wrong & set(theirs.tolist()))}; random {chance:.1f}",
        "–",
        "probabilities alone; people reviewed the hundred of lowest margin",
    )

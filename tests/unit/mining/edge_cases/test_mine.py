"""Which images of a pool are chosen, for which failures, and what is left out."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.evaluation.vectors import evaluated_embeddings
from seatrial.mining.edge_cases import Evaluated, MineOptions, Pool, embedding_rows, mine, targets
from seatrial.mining.edge_cases.overlap import Labelled
from seatrial.mining.failures import Failures
from seatrial.neighbours import Embeddings

_CLASSES = ("cat", "dog", "fox")
_CENTRES = {"cat": (0.0, 0.0), "dog": (10.0, 0.0), "fox": (0.0, 10.0), "rare": (5.0, 5.0)}


def header(name, model="m"):
    return EvaluationHeader("classification", _CLASSES, model, f"sha256:{model}", name, f"sha256:{name}", 100)


def vectors_of(kinds, seed):
    random = np.random.default_rng(seed)
    middle = np.array([_CENTRES[kind] for kind in kinds])
    return middle + random.normal(0, 0.7, middle.shape)


def evaluation(name, kinds, predictions, *, seed=0, contents=None, uris=None, labelled=True):
    labels = [("cat" if kind == "rare" else kind) if labelled else None for kind in kinds]
    n = len(kinds)
    scores = np.full((n, 3), 0.02, np.float32)
    scores[np.arange(n), [_CLASSES.index(one) for one in predictions]] = 0.96
    samples = pa.table(
        {
            "id": [f"{name}/{row:03}" for row in range(n)],
            "label": pa.array(labels, pa.string()),
            "prediction": predictions,
            "confidence": [0.96] * n,
            "loss": pa.array([0.1 if a == b else 3.0 for a, b in zip(labels, predictions, strict=True)]),
            "group": pa.nulls(n, pa.string()),
            "uri": pa.array(uris or [None] * n, pa.string()),
            "content": pa.array(contents or [f"sha256:{name}{row}" for row in range(n)], pa.string()),
            "light": ["night" if kind == "rare" else "day" for kind in kinds],
            "width": [8.0] * n,
            "height": [8.0] * n,
        }
    )
    return EvaluationTable(header(name), samples, scores, vectors_of(kinds, seed).astype(np.float32))


@pytest.fixture
def labelled():
    """Ninety images that are right, four rare cats taken for dogs, and a dog taken for a fox."""
    kinds = ["cat", "dog", "fox"] * 30 + ["rare"] * 4 + ["dog"]
    predictions = ["cat", "dog", "fox"] * 30 + ["dog"] * 4 + ["fox"]
    return evaluation("val", kinds, predictions)


@pytest.fixture
def pool():
    """Three hundred images of which ten are rare."""
    kinds = ["rare"] * 10 + ["cat", "dog", "fox"] * 97
    predictions = ["dog"] * 10 + ["cat", "dog", "fox"] * 97
    return evaluation("pool", kinds, predictions, seed=5, labelled=False)


def chosen(evaluated, pool, *, groups=None, only=(), allowed=None, **arguments):
    failures = Failures.from_evaluation(evaluated)
    known = evaluated_embeddings(evaluated)
    rows = embedding_rows(failures, known)
    mask = None if allowed is None else np.asarray(allowed)
    found = targets(failures, rows, groups, only=only, allowed=mask)
    options = arguments.pop("options", MineOptions(size=12))
    there = arguments.pop("there", None) or Pool.of("classification", _CLASSES, evaluation=pool)
    return mine(there, Evaluated(known, failures, rows), found, options=options, **arguments)


def ids(found):
    return [one.id for one in found.cases]


def test_images_like_the_failures_come_first(labelled, pool):
    found = chosen(labelled, pool, only=["cat taken for dog"], options=MineOptions(size=10))
    rare = {f"pool/{row:03}" for row in range(10)}
    assert set(ids(found)) == rare
    assert all(one.likeness > 0.5 for one in found.cases)
    assert found.remarks == ()


def test_each_group_of_failures_has_seats(labelled, pool):
    found = chosen(labelled, pool, options=MineOptions(size=9))
    names = [one.name for one in found.targets]
    assert names == ["cat taken for dog", "dog taken for fox"]
    assert found.seats == (6, 3)  # two to one: the square roots of four failures and one
    assert [sum(one.group == name for one in found.cases) for name in names] == [6, 3]


def test_the_reason_says_what_an_image_is_like(labelled, pool):
    first = chosen(labelled, pool, only=["cat taken for dog"]).cases[0]
    assert "it is like the 4 failures of 'cat taken for dog'" in first.reason
    assert f"nearest {first.nearest} (cat taken for dog)" in first.reason
    assert "taken for dog (96%)" in first.reason


def test_the_same_input_gives_the_same_batch(labelled, pool):
    first, second = chosen(labelled, pool), chosen(labelled, pool)
    assert first.cases == second.cases
    assert first.left_out == second.left_out


def test_blind_spots_are_groups_and_a_failure_counts_for_the_first(labelled, pool):
    groups = {"night: rare": [90, 91, 0], "all": list(range(95))}
    found = chosen(labelled, pool, groups=groups)
    assert [(one.name, len(one)) for one in found.targets] == [("night: rare", 2), ("all", 3)]
    alone = chosen(labelled, pool, groups=groups, only=["all"])
    assert [(one.name, len(one)) for one in alone.targets] == [("all", 5)]
    short = chosen(labelled, pool, groups=groups, only=["night"])
    assert [one.name for one in short.targets] == ["night: rare"]
    rest = chosen(labelled, pool, groups={"night: rare": [90, 91]}, only=["other failures"])
    assert [(one.name, len(one)) for one in rest.targets] == [("other failures", 3)]
    with pytest.raises(
        InputError, match="no group of failures is called 'day': expected one of 'night: rare'"
    ):
        chosen(labelled, pool, groups=groups, only=["day"])


def test_what_an_image_looks_like_counts_beside_what_the_model_sees_of_it(labelled, pool):
    def with_light(table, rare):
        light = [0.1 if name in rare else 0.8 for name in table.samples.column("id").to_pylist()]
        blind = replace(
            table,
            embeddings=np.random.default_rng(len(table)).normal(size=(len(table), 2)).astype(np.float32),
        )
        return replace(blind, samples=table.samples.append_column("brightness", pa.array(light)))

    dark = {f"pool/{row:03}" for row in range(50, 60)}
    evaluated = with_light(labelled, {f"val/{row:03}" for row in range(90, 94)})
    there = with_light(pool, dark)
    asked = {"only": ["cat taken for dog"], "options": MineOptions(size=10)}
    assert set(ids(chosen(evaluated, there, **asked))) == dark
    asked["options"] = MineOptions(size=10, appearance=0)
    assert len(set(ids(chosen(evaluated, there, **asked))) & dark) < 5


@pytest.mark.parametrize("selector", ["k_centre", "facility_location", "random"])
def test_a_selector_chooses_among_the_most_relevant(labelled, pool, selector):
    asked = {"only": ["cat taken for dog"], "options": MineOptions(size=2, selector=selector)}
    found = chosen(labelled, pool, **asked)
    assert len(found.cases) == 2
    assert set(ids(found)) <= {f"pool/{row:03}" for row in range(10)}
    with pytest.raises(InputError, match="'best' is not a selector: expected one of k_centre"):
        MineOptions(selector="best")


def test_failures_can_be_restricted(labelled, pool):
    night = [value == "night" for value in labelled.samples.column("light").to_pylist()]
    found = chosen(labelled, pool, allowed=night)
    assert [(one.name, len(one)) for one in found.targets] == [("cat taken for dog", 4)]


class TestLeftOut:
    def test_files_that_are_labelled_already_are_left_out_and_told(self, labelled, pool):
        contents = pool.samples.column("content").to_pylist()
        contents[0] = "sha256:val3"
        contents[1] = contents[2] = "sha256:twice"
        pool = evaluation("pool", ["rare"] * 10, ["dog"] * 10, seed=5, contents=contents[:10], labelled=False)
        train = Labelled("the training data", ["t"], [contents[4]], [None])
        found = chosen(labelled, pool, files=[train], options=MineOptions(size=10))
        assert dict(found.left_out) == {
            "pool/000": "labelled already: the same file as 'val/003' of the evaluated data",
            "pool/002": "twice in the pool: the same file as 'pool/001'",
            "pool/004": "labelled already: the same file as 't' of the training data",
        }
        assert found.overlap.shares == {"the evaluated data": 1, "the training data": 1}
        assert (
            "1 of 10 images of the pool (10.0%) are in the training data, byte for byte" in found.remarks[1]
        )
        assert "10 images were asked for, the pool has 7" in found.remarks[-1]

    def test_images_that_look_the_same_are_left_out(self, labelled, tmp_path):
        random = np.random.default_rng(0)
        uris = []
        for row in range(6):
            pixels = random.integers(0, 256, (24, 24, 3), dtype=np.uint8)
            if row == 5:  # a darker copy of another
                pixels = (np.asarray(Image.open(uris[4])) * 0.8).astype(np.uint8)
            uris.append(str(tmp_path / f"{row}.png"))
            Image.fromarray(pixels).save(uris[-1])
        pool = evaluation("pool", ["rare"] * 6, ["dog"] * 6, seed=5, uris=uris, labelled=False)
        same = pool.embeddings.copy()
        same[5], same[1] = same[4], same[0]  # seen alike; only the first pair looks alike
        pool = replace(pool, embeddings=same)
        found = chosen(labelled, pool, options=MineOptions(size=6))
        left = dict(found.left_out)
        assert len(left) == 1
        assert set(left) <= {"pool/004", "pool/005"}
        assert next(iter(left.values())).startswith("chosen already: looks like 'pool/00")
        assert {"pool/000", "pool/001"} <= set(ids(found))

    def test_an_image_that_looks_like_a_labelled_one_is_left_out(self, labelled, tmp_path):
        uri = str(tmp_path / "a.png")
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(uri)
        other = str(tmp_path / "b.png")
        Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(other)
        pool = evaluation("pool", ["rare"] * 3, ["dog"] * 3, uris=[uri, other, None], labelled=False)
        details = pa.table({"uri": [uri, uri], "content": pa.nulls(2, pa.string())})
        train = Embeddings(("t/0", "t/1"), pool.embeddings[:2], None, {"model_digest": "sha256:m"}, details)
        found = chosen(labelled, pool, labelled={"the training data": train})
        assert dict(found.left_out) == {"pool/000": "labelled already: looks like 't/0' of the training data"}


class TestOddPools:
    def test_without_failures_the_unsure_and_the_new_are_chosen(self, pool):
        right = evaluation("val", ["cat", "dog", "fox"] * 30, ["cat", "dog", "fox"] * 30)
        pool.scores[17] = 1 / 3
        found = chosen(right, pool)
        assert found.cases[0].id == "pool/017"
        assert found.cases[0].group == "unsure or new"
        assert found.cases[0].nearest is None
        assert "nothing fails in the evaluation" in found.remarks[0]

    def test_without_failures_and_predictions_the_new_are_chosen(self, pool):
        right = evaluation("val", ["cat", "dog", "fox"] * 30, ["cat", "dog", "fox"] * 30)
        known = evaluated_embeddings(pool)
        bare = Embeddings(known.ids, known.vectors, None, known.header)
        there = Pool.of("classification", _CLASSES, embeddings=bare)
        found = chosen(right, pool, there=there, options=MineOptions(size=10))
        assert set(ids(found)) == {f"pool/{row:03}" for row in range(10)}
        assert "unlike all that is labelled" in found.remarks[0]
        assert "nothing is known of how sure the model is" in found.remarks[1]

    def test_a_size_beyond_the_pool_takes_all_and_says_so(self, labelled, pool):
        found = chosen(labelled, pool, options=MineOptions(size=1000))
        assert sorted(ids(found)) == [f"pool/{row:03}" for row in range(301)]
        assert found.remarks[-1] == "1000 images were asked for, the pool has 301 that are not labelled yet"

    def test_constant_embeddings_are_told(self, labelled, pool):
        flat = replace(pool, embeddings=np.ones_like(pool.embeddings))
        with pytest.raises(InputError, match="the embeddings of all 301 images are the same"):
            chosen(labelled, flat)

    def test_nan_embeddings_are_told(self, labelled, pool):
        pool.embeddings[7, 1] = np.nan
        with pytest.raises(InputError, match="NaN or infinity in 1 of 301 vectors: 'pool/007'"):
            chosen(labelled, pool)

    def test_embeddings_of_another_model_are_told(self, labelled, pool):
        other = replace(pool, header=header("pool", "other"))
        with pytest.raises(
            InputError, match="the pool holds 2 values a vector of model 'other' and the evaluated"
        ):
            chosen(labelled, other)
        narrow = replace(pool, embeddings=pool.embeddings[:, :1])
        with pytest.raises(InputError, match="the pool holds 1 values"):
            chosen(labelled, narrow)

    def test_an_empty_pool_is_told(self, labelled):
        empty = Embeddings((), np.empty((0, 2), np.float32), None, {"model_digest": "sha256:m"})
        with pytest.raises(InputError, match="the pool is empty"):
            Pool.of("classification", _CLASSES, embeddings=empty)

    def test_a_pool_of_another_task_is_told(self, pool):
        with pytest.raises(
            InputError, match="was evaluated for classification, the failures are of detection"
        ):
            Pool.of("detection", _CLASSES, evaluation=pool)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"size": 0}, "size: expected at least 1, got 0"),
            ({"diversity": 1.5}, "diversity: expected a number from 0 to 1, got 1.5"),
            ({"near": float("nan")}, "near: expected a number from 0 to 1, got nan"),
        ],
    )
    def test_options_have_ranges(self, fields, message):
        with pytest.raises(InputError, match=message):
            MineOptions(**fields)

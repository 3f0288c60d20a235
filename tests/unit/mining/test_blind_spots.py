"""Groups that fail are found, confirmed, named and ranked; where there is nothing to find, it is said."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.mining.blind_spots import SearchOptions, find_blind_spots
from seatrial.mining.conjunctions import ConjunctionOptions
from seatrial.mining.mixture import MixtureOptions
from seatrial.neighbours import Embeddings
from seatrial.slices import Vectors, members


@pytest.fixture(scope="module")
def found(planted):
    return find_blind_spots(planted())


def predicates(found):
    return [one.candidate.spec.where for one in found.confirmed if one.candidate.source == "attributes"]


def test_the_planted_conjunction_is_found_and_confirmed(found):
    assert predicates(found)[0] in {
        "label == 'cat' and light == 'night'",
        "light == 'night' and label == 'cat'",
    }
    night = next(one for one in found.confirmed if one.candidate.source == "attributes")
    assert night.tried.rate > 0.4
    assert night.tried.low > 0.3
    assert night.p < 1e-6
    assert night.cell[:2] == ("cat", "dog")


def test_the_planted_place_is_found_where_no_attribute_names_it(found, planted, in_corner):
    corner = in_corner(planted())
    place = max(
        (one for one in found.confirmed if one.candidate.source != "attributes"),
        key=lambda one: (one.candidate.inside & corner).sum(),
    )
    inside = place.candidate.inside
    assert (inside & corner).sum() > 0.8 * corner.sum()
    assert (inside & corner).sum() > 0.8 * inside.sum()


def test_nothing_else_is_confirmed_than_what_was_planted(found):
    assert all("site" not in one and "brightness" not in one for one in predicates(found))
    assert found.explained > 0.6
    assert len(found.confirmed) <= 4


def test_the_groups_are_ranked_by_the_errors_that_they_explain(found):
    explained = [one.tried.explained for one in found.confirmed]
    assert explained == sorted(explained, reverse=True)
    assert [one.confirmed for one in found.groups] == sorted(
        (one.confirmed for one in found.groups), reverse=True
    )
    assert [one.name for one in found.groups] == [
        f"blind-spot-{rank}" for rank in range(1, len(found.groups) + 1)
    ]


def test_the_slice_of_a_group_chooses_its_members_again(found, planted):
    table = planted()
    vectors = Vectors.of(table).images
    for one in found.groups:
        chosen = members({"again": one.candidate.spec}, table.samples, vectors)[1]
        assert chosen.index.tolist() == found.failures.row[one.candidate.inside].tolist(), one.title


def test_the_worst_errors_of_a_group_come_first(found):
    for one in found.groups:
        losses = found.failures.loss[one.errors]
        assert (np.diff(losses) <= 0).all()
        assert found.error[one.errors].all()


def test_the_confusion_stands_beside_it(found):
    assert sum(one.count for one in found.cells) == found.error.sum()
    counts = [one.count for one in found.cells]
    assert counts == sorted(counts, reverse=True)
    assert (found.cells[0].truth, found.cells[0].prediction) in {("cat", "dog"), ("dog", "owl")}


def test_the_same_input_gives_the_same_groups(found, planted):
    again = find_blind_spots(planted())
    assert [one.title for one in again.groups] == [one.title for one in found.groups]
    assert [one.candidate.spec for one in again.groups] == [one.candidate.spec for one in found.groups]
    assert [one.p for one in again.groups] == [one.p for one in found.groups]


def test_a_model_that_fails_alike_everywhere_has_no_blind_spot(planted):
    confirmed = sum(
        len(find_blind_spots(planted(seed=seed, usual=0.2, night=0.2, place=0.2)).confirmed)
        for seed in range(8)
    )
    assert confirmed <= 1  # each has a chance of one in twenty


def test_groups_of_samples_are_not_counted_as_so_many(planted):
    # all samples of a scene share their light and their luck: forty scenes of thirty
    table = planted(attributes=False, embeddings=False, night=0.05, place=0.05)
    scene = np.arange(len(table)) % 40
    unlucky = scene < 6
    prediction = np.where(unlucky, "owl", np.array(table.samples.column("label").to_pylist(), dtype=object))
    samples = table.samples.set_column(
        table.samples.column_names.index("prediction"), "prediction", pa.array(prediction.tolist())
    )
    place = samples.column_names.index("group")
    grouped = samples.set_column(place, "group", pa.array([f"s{one}" for one in scene]))
    confirmed = {"alone": 0, "grouped": 0}
    for seed in range(12):
        site = pa.array(np.random.default_rng(seed).integers(0, 3, 40)[scene])
        for name, one in (("alone", samples), ("grouped", grouped)):
            found = find_blind_spots(EvaluationTable(table.header, one.append_column("site", site)))
            confirmed[name] += any("site" in group.title for group in found.confirmed)
    assert confirmed["grouped"] <= 1
    assert confirmed["alone"] >= 3
    careful = find_blind_spots(EvaluationTable(table.header, grouped))
    halves = {}
    for group, half in zip(careful.failures.group.tolist(), careful.confirming.tolist(), strict=True):
        assert halves.setdefault(group, half) == half


class TestBadInput:
    def test_no_errors_at_all(self, planted):
        found = find_blind_spots(planted(usual=0, night=0, place=0))
        assert found.groups == found.cells == ()
        assert found.notes == ("none of 1200 units fails: there is no group to find",)

    def test_only_errors(self, planted):
        found = find_blind_spots(planted(usual=1, night=1, place=1))
        assert found.groups == ()
        assert found.notes == ("all 1200 units fail: no group fails more often than the rest",)
        assert sum(one.count for one in found.cells) == 1200

    def test_fewer_samples_than_clusters(self, planted):
        found = find_blind_spots(planted(n=12, night=1, place=1))
        assert all(not one.confirmed for one in found.groups)
        assert any("too few" in note for note in found.notes)

    def test_one_sample(self, planted):
        found = find_blind_spots(planted(n=1, usual=1))
        assert found.groups == ()

    def test_constant_embeddings(self, planted):
        table = planted()
        flat = replace(table, embeddings=np.ones_like(table.embeddings))
        found = find_blind_spots(flat)
        assert predicates(found)
        assert "all embeddings are the same: there is no place to look for" in found.notes

    def test_embeddings_that_are_no_numbers(self, planted):
        table = planted()
        vectors = table.embeddings.copy()
        vectors[::7] = np.nan
        vectors[3] = np.inf
        found = find_blind_spots(replace(table, embeddings=vectors))
        assert "173 of 1200 units have no finite embedding: they are in no cluster" in found.notes
        places = [one for one in found.confirmed if one.candidate.source != "attributes"]
        assert places
        assert not any(one.candidate.inside[::7].any() for one in places)

    def test_no_embedding_is_a_number(self, planted):
        table = planted()
        found = find_blind_spots(replace(table, embeddings=np.full_like(table.embeddings, np.nan)))
        assert predicates(found)
        assert any("no finite embedding" in note for note in found.notes)

    def test_one_class(self, planted):
        table = planted()
        cats = np.flatnonzero(np.array(table.samples.column("label").to_pylist()) == "cat")
        samples = table.samples.take(pa.array(cats))
        wrong = np.array(samples.column("prediction").to_pylist()) != "cat"
        assert wrong.any()
        one = EvaluationTable(
            replace(table.header, dataset_size=len(cats)), samples, None, table.embeddings[cats]
        )
        found = find_blind_spots(one)
        assert found.confirmed[0].candidate.spec.where == "light == 'night'"

    def test_a_single_class_is_always_right(self, planted):
        table = planted()
        samples = table.samples
        for name in ("label", "prediction"):
            place = samples.column_names.index(name)
            samples = samples.set_column(place, name, pa.array(["cat"] * len(table)))
        single = EvaluationTable(replace(table.header, classes=("cat",)), samples, None, table.embeddings)
        assert find_blind_spots(single).notes == ("none of 1200 units fails: there is no group to find",)

    def test_neither_attributes_nor_embeddings(self, planted):
        table = planted(attributes=False, embeddings=False)
        found = find_blind_spots(table)
        assert any("there are no embeddings of images" in note for note in found.notes)
        assert {axis.name for axis in found.axes.axes} == {"label"}

    def test_no_sample_with_a_truth(self, planted):
        table = planted(n=20)
        place = table.samples.column_names.index("label")
        samples = table.samples.set_column(place, "label", pa.nulls(20, pa.string()))
        with pytest.raises(InputError, match="zoo: expected samples with a truth, there is none"):
            find_blind_spots(EvaluationTable(table.header, samples))

    def test_embeddings_of_objects_of_a_classification(self, planted):
        boxes = Embeddings(
            ("i00000",),
            np.zeros((1, 2), dtype=np.float32),
            np.zeros((1, 4)),
            {"model_digest": "m", "level": "object"},
        )
        with pytest.raises(InputError, match="expected vectors of images, got those of objects"):
            find_blind_spots(planted(), embeddings=boxes)

    @pytest.mark.parametrize(
        ("make", "problem"),
        [
            (lambda: SearchOptions(alpha=1), "alpha: expected a level between 0 and 1, got 1"),
            (lambda: SearchOptions(most=0), "most: expected 1 group or more, got 0"),
            (lambda: ConjunctionOptions(order=5), "order: expected 1 to 4 attributes, got 5"),
            (lambda: ConjunctionOptions(support=0), "support: expected 1 sample or more, got 0"),
            (lambda: ConjunctionOptions(weight=0), "weight: expected a number above 0 and up to 1, got 0"),
            (lambda: MixtureOptions(dimensions=0), "dimensions: expected 1 or more, got 0"),
            (lambda: MixtureOptions(gamma=-1), "gamma: expected 0 or more, got -1"),
        ],
    )
    def test_options_out_of_range(self, make, problem):
        with pytest.raises(InputError, match=problem):
            make()


def test_embeddings_of_another_model_are_searched_and_named_by_their_digest(planted, in_corner):
    table = planted()
    ids = tuple(reversed(table.samples.column("id").to_pylist()))
    foreign = Embeddings(
        ids, np.ascontiguousarray(table.embeddings[::-1]), None, {"model_digest": "sha256:clip"}
    )
    found = find_blind_spots(replace(table, embeddings=None), embeddings=foreign)
    place = next(one for one in found.confirmed if one.candidate.spec.cluster is not None)
    assert place.candidate.spec.cluster.model == "sha256:clip"
    corner = in_corner(table)
    assert (place.candidate.inside & corner).sum() > 0.5 * place.size


def test_a_cluster_that_an_attribute_describes_is_named_by_it(planted):
    table = planted()
    vectors = table.embeddings
    where = np.where((vectors[:, 2] > 3.5), "corner", "elsewhere")
    told = EvaluationTable(
        table.header, table.samples.append_column("part", pa.array(where.tolist())), table.scores, vectors
    )
    found = find_blind_spots(told)
    titles = [one.title for one in found.confirmed]
    assert any("part=corner" in title for title in titles)
    for one in found.confirmed:
        described = one.candidate.description
        if described is not None and "part=corner" in one.title:
            assert described.precision > 0.6
            assert described.recall > 0.6

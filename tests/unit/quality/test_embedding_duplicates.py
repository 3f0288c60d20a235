"""Images that are nearly the same to a model: planted in spaces of known dimension, and among real images."""

import dataclasses
import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.quality import NotApplicableError
from seatrial.quality.embedding_duplicates import embedding_duplicates
from seatrial.quality.embedding_leakage import embedding_leakage
from seatrial.quality.near import LEAST_ROWS, close_across, close_within


def vectors(seed, n=400, dimension=8, width=24):
    """Points that are spread evenly over some dimensions of a space."""
    rng = np.random.default_rng(seed)
    plane = np.linalg.qr(np.random.default_rng(0).normal(size=(width, dimension + 1)))[0]
    return (rng.normal(size=(n, dimension + 1)) @ plane.T).astype(np.float32)


def beside(rows, seed=0, by=0.01):
    return rows + np.random.default_rng(seed).normal(0, by, rows.shape).astype(np.float32)


def scene(seed, side=48):
    rng = np.random.default_rng(seed)
    image = np.full((side, side, 3), rng.integers(60, 200, 3), dtype=np.float64)
    for level in range(1, 5):
        grid = rng.normal(0, 70 / level, (2**level, 2**level, 3))
        fine = [Image.fromarray(grid[:, :, channel]).resize((side, side), 3) for channel in range(3)]
        image += np.stack([np.asarray(one) for one in fine], axis=2)
    return image.clip(0, 255).astype(np.uint8)


def as_jpeg(rgb):
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def mirrored(rgb):
    return np.ascontiguousarray(rgb[:, ::-1])


def recoloured(rgb):
    return np.ascontiguousarray(rgb[:, :, [2, 0, 1]])


def features(images):
    """Look at images as a small convolutional net does: filters, also mirrored, averaged over the image."""
    rng = np.random.default_rng(5)
    filters = rng.normal(size=(24, 5, 5))
    found = []
    for image in images:
        grey = np.asarray(image, dtype=np.float64).mean(axis=2)
        grey = (grey - grey.mean()) / grey.std()
        windows = np.lib.stride_tricks.sliding_window_view(grey, (5, 5))
        seen = [
            np.maximum(np.einsum("yxij,kij->kyx", windows, some), 0).mean(axis=(1, 2))
            for some in (filters, filters[:, :, ::-1])
        ]
        found.append(seen[0] + seen[1])
    found = np.array(found)
    return (found - found.mean(axis=0)).astype(np.float32)


def evaluated(data, embeddings, model="m"):
    n = len(data)
    header = EvaluationHeader("classification", ("cat", "dog"), model, f"sha256:{model}", "d", "sha256:0", n)
    return EvaluationTable(header, pa.table({"id": data.table.column("id")}), embeddings=embeddings)


@pytest.fixture
def embedded(manifest, given):
    """Make what the checks look at: images, and what the net sees in them."""

    def make(images, reference=None, labels=None, **options):
        def seen(some):
            opened = (Image.open(io.BytesIO(one)) if isinstance(one, bytes) else one for one in some)
            return [np.asarray(one) for one in opened]

        every = features(seen([*images.values(), *(reference or {}).values()]))
        data = manifest(images, labels)
        other = manifest(reference, folder="train") if reference else None
        return dataclasses.replace(
            given(data, other, **options),
            evaluation=evaluated(data, every[: len(images)]),
            reference_evaluation=evaluated(other, every[len(images) :]) if other else None,
        )

    return make


class TestClosePairs:
    @pytest.mark.parametrize("dimension", [4, 8, 16])
    def test_planted_pairs_are_found_in_any_dimension_and_nothing_else(self, dimension):
        points = vectors(1, dimension=dimension)
        close = close_within(np.concatenate([points, beside(points[:10], by=0.002)]), 0.05)
        assert close.rows.tolist() == [[row, 400 + row] for row in range(10)]
        assert close.dimension == pytest.approx(dimension, rel=0.3)

    @pytest.mark.parametrize("dimension", [3, 10])
    def test_by_chance_there_are_as_many_as_asked_for(self, dimension):
        found = [len(close_within(vectors(seed, 150, dimension), 0.2).rows) > 0 for seed in range(60)]
        assert np.mean(found) <= 0.3

    def test_neither_scale_nor_crowded_classes_make_pairs(self):
        crowded = np.concatenate([vectors(1, 200) * 0.01 + shift for shift in (0.5, -0.5, 2.0)])
        crowded += np.repeat(np.eye(3, 24, dtype=np.float32), 200, axis=0)
        assert len(close_within(crowded * 1000, 0.05).rows) == 0
        close = close_within(np.concatenate([crowded, beside(crowded[:3], by=1e-5)]), 0.05)
        assert close.rows.tolist() == [[0, 600], [1, 601], [2, 602]]

    def test_of_both_rows_the_denser_surroundings_count(self):
        points = vectors(1, 300)
        knot = points[:1] + beside(np.zeros((60, 24), np.float32), by=0.02)
        # to the lone row the knot's rim is near; around the knot's rows there is a crowd as near as that
        close = close_within(np.concatenate([points[1:], knot]), 0.05)
        assert len(close.rows) == 0

    def test_pairs_across_are_those_with_the_copies(self):
        train, val = vectors(1), vectors(2, 120)
        val[:5] = beside(train[100:105])
        close = close_across(val, train, 0.05)
        assert close.rows.tolist() == [[row, 100 + row] for row in range(5)]
        assert (close.ratio <= close.most).all()

    def test_vectors_that_are_all_equal_are_no_pairs(self):
        assert len(close_within(np.ones((60, 4), np.float32), 0.05).rows) == 0
        assert len(close_across(np.ones((60, 4), np.float32), np.ones((60, 4), np.float32), 0.05).rows) == 0


class TestDuplicates:
    def test_mirrored_and_recoloured_copies_are_found_and_what_hashes_find_is_not_told_again(self, embedded):
        images = {f"n{seed}": scene(seed) for seed in range(60)}
        copies = {
            "mirrored": mirrored(images["n7"]),
            "recoloured": recoloured(images["n9"]),
            "encoded": as_jpeg(images["n11"]),
            "equal": images["n13"],
        }
        found = embedding_duplicates(embedded(images | copies)).findings
        assert {one.sample_ids for one in found} == {("n7", "mirrored"), ("n9", "recoloured")}
        assert {one.severity for one in found} == {"info"}
        assert all(0 <= one.evidence["largest_ratio"] <= one.evidence["threshold"] < 0.5 for one in found)
        assert all({one.evidence["keep"], *one.evidence["drop"]} == set(one.sample_ids) for one in found)

    def test_copies_with_other_labels_are_a_warning_and_the_labelled_one_is_kept(self, embedded):
        images = {f"n{seed}": scene(seed) for seed in range(50)}
        images |= {"other": mirrored(images["n3"]), "none": mirrored(images["n4"])}
        found = embedding_duplicates(embedded(images, labels={"other": "dog", "none": None})).findings
        by_ids = {one.sample_ids: one for one in found}
        assert by_ids["n3", "other"].severity == "warning"
        assert "annotated differently: 'cat', 'dog'" in by_ids["n3", "other"].message
        assert by_ids["n4", "none"].severity == "info"
        assert by_ids["n4", "none"].evidence["keep"] == "n4"

    def test_images_without_copies_are_quiet(self, embedded):
        assert embedding_duplicates(embedded({f"n{seed}": scene(seed) for seed in range(120)})).findings == ()

    def test_it_is_skipped_with_the_reason(self, manifest, given, embedded):
        data = manifest({f"n{seed}": scene(seed) for seed in range(3)})
        with pytest.raises(NotApplicableError, match="no evaluation of the data set"):
            embedding_duplicates(given(data))
        without = dataclasses.replace(given(data), evaluation=evaluated(data, None))
        with pytest.raises(NotApplicableError, match="the evaluation of the data set holds no embeddings"):
            embedding_duplicates(without)
        few = embedded({f"n{seed}": scene(seed) for seed in range(5)})
        with pytest.raises(NotApplicableError, match=f"5 different .* expected at least {LEAST_ROWS}"):
            embedding_duplicates(few)


class TestLeakage:
    def test_a_mirrored_copy_of_the_reference_is_found(self, embedded):
        train = {f"t{seed}": scene(seed) for seed in range(60)}
        val = {f"v{seed}": scene(100 + seed) for seed in range(45)}
        val |= {
            "mirrored": mirrored(train["t5"]),
            "encoded": as_jpeg(train["t6"]),
            "equal": train["t8"],
        }
        (finding,) = embedding_leakage(embedded(val, train)).findings
        assert finding.sample_ids == ("mirrored",)
        assert finding.evidence["reference_ids"] == ["t5"]
        assert finding.severity == "warning"
        assert finding.score == pytest.approx(1 - finding.evidence["ratio"])

    def test_it_is_skipped_with_the_reason(self, embedded):
        train = {f"t{seed}": scene(seed) for seed in range(41)}
        both = embedded({f"v{seed}": scene(100 + seed) for seed in range(41)}, train)
        with pytest.raises(NotApplicableError, match="no reference"):
            embedding_leakage(dataclasses.replace(both, reference=None))
        with pytest.raises(NotApplicableError, match="no evaluation of the reference"):
            embedding_leakage(dataclasses.replace(both, reference_evaluation=None))
        other = dataclasses.replace(
            both.reference_evaluation,
            header=dataclasses.replace(both.evaluation.header, model_digest="sha256:other"),
        )
        with pytest.raises(NotApplicableError, match="of different models"):
            embedding_leakage(dataclasses.replace(both, reference_evaluation=other))

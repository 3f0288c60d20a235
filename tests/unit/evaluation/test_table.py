"""Evaluation tables are written atomically, read back the same, and merge from shards."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from seatrial.digests import digest_tree
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure, classification_samples

CLASSES = ("cat", "dog", "emu")


@pytest.fixture
def table():
    rng = np.random.default_rng(7)
    scores = rng.dirichlet(np.ones(3), 12).astype(np.float32)
    images = pa.table(
        {
            "id": [f"i{number}" for number in range(12)],
            "label": [None, *rng.choice(CLASSES, 11).tolist()],
            "site": ["B7", None] * 6,
        }
    )
    samples = classification_samples(images, CLASSES, scores.argmax(1), scores.max(1).astype(float), scores)
    header = EvaluationHeader("classification", CLASSES, "m", "sha256:m", "val", "sha256:d", 13)
    failures = (Failure("broken", "broken.png", "not an image"),)
    return EvaluationTable(replace(header, failures=failures), samples, scores, scores[:, :2].copy())


def _shards(table, count):
    edges = [len(table) * index // count for index in range(count + 1)]
    for index, (start, stop) in enumerate(pairwise(edges)):
        failures = table.header.failures if index == 0 else ()
        yield EvaluationTable(
            replace(table.header, shard=(index, count), failures=failures),
            table.samples.slice(start, stop - start),
            table.scores[start:stop],
            table.embeddings[start:stop],
        )


def test_it_reads_back_the_same_and_writes_the_same_bytes(table, tmp_path):
    table.write(tmp_path / "a")
    again = EvaluationTable.read(tmp_path / "a")
    again.write(tmp_path / "b")
    assert again.header == table.header
    assert again.samples.equals(table.samples)
    np.testing.assert_array_equal(again.scores, table.scores)
    assert digest_tree(tmp_path / "a") == digest_tree(tmp_path / "b")


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_any_sharding_merges_to_the_same_table(table, tmp_path, count):
    table.write(tmp_path / "whole")
    for shard in _shards(table, count):
        shard.write(tmp_path / f"shard-{shard.header.shard[0]}")
    read = [EvaluationTable.read(tmp_path / f"shard-{index}") for index in reversed(range(count))]
    EvaluationTable.merge(read).write(tmp_path / "merged")
    assert digest_tree(tmp_path / "merged") == digest_tree(tmp_path / "whole")


def test_a_missing_or_repeated_shard_is_an_error_not_a_smaller_data_set(table):
    first, second, third = _shards(table, 3)
    with pytest.raises(
        InputError, match=r"expected shards 0 to 2 of 3, once each, got \[\(0, 3\), \(2, 3\)\]"
    ):
        EvaluationTable.merge([first, third])
    with pytest.raises(InputError, match="once each"):
        EvaluationTable.merge([first, first, second, third])
    with pytest.raises(InputError, match="at least one shard"):
        EvaluationTable.merge([])


def test_shards_of_another_model_do_not_merge(table):
    first, second = _shards(table, 2)
    other = replace(second, header=replace(second.header, model_digest="sha256:other"))
    with pytest.raises(InputError, match="shard 1 is of another evaluation"):
        EvaluationTable.merge([first, other])


def test_an_unlabelled_sample_has_no_loss(table):
    assert table.samples.column("loss").null_count == 1
    row = 3
    label = table.samples.column("label")[row].as_py()
    expected = -np.log(float(table.scores[row, CLASSES.index(label)]))
    assert table.samples.column("loss")[row].as_py() == pytest.approx(expected, abs=1e-12)


def test_an_incomplete_folder_is_refused(table, tmp_path):
    with pytest.raises(InputError, match="cannot read .*evaluation.json"):
        EvaluationTable.read(tmp_path)
    table.write(tmp_path / "a")
    (tmp_path / "a" / "samples.parquet").unlink()
    with pytest.raises(InputError, match="cannot read .*samples.parquet"):
        EvaluationTable.read(tmp_path / "a")


def test_a_folder_that_cannot_be_written_is_named(table, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="a file of that name is there"):
        table.write(tmp_path / "file")
    with pytest.raises(InputError, match="cannot create folder"):
        table.write(tmp_path / "file" / "below")

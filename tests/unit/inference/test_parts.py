"""Finished chunks are kept beside the output and found again, unless they are of something else."""

import numpy as np
import pytest

from seatrial.errors import InputError
from seatrial.inference.chunk import Chunk
from seatrial.inference.parts import Parts
from seatrial.inference.results import Results


def _chunk(embeddings=True):
    rng = np.random.default_rng(0)
    return Chunk(
        np.array([0, 2]),
        (
            {"scores": rng.random((1, 3)).astype(np.float32), "boxes": rng.random((2, 4))},
            {"scores": rng.random((1, 3)).astype(np.float32), "boxes": rng.random((0, 4))},
        ),
        rng.random((2, 4)).astype(np.float32) if embeddings else None,
        rng.random((2, 11)),
        ((1, "truncated or damaged: größer"),),
        16,
    )


@pytest.mark.parametrize("embeddings", [True, False])
def test_what_is_saved_is_loaded(tmp_path, embeddings):
    chunk = _chunk(embeddings)
    Parts(tmp_path / "out", "sha256:aa").save(3, chunk)
    found = Parts(tmp_path / "out", "sha256:aa").load(3)
    for name in ("kept", "properties"):
        np.testing.assert_array_equal(getattr(found, name), getattr(chunk, name), strict=True)
    for one, other in zip(found.results, chunk.results, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], strict=True)
    assert (found.embeddings is None) == (not embeddings)
    assert (found.failures, found.batch_size) == (chunk.failures, 16)


def test_chunks_of_another_key_are_gone(tmp_path):
    Parts(tmp_path / "out", "sha256:aa").save(0, _chunk())
    assert Parts(tmp_path / "out", "sha256:bb").load(0) is None
    assert Parts(tmp_path / "out", "sha256:aa").load(0) is None


def test_chunks_of_two_outputs_do_not_mix(tmp_path):
    Parts(tmp_path / "one", "sha256:aa").save(0, _chunk())
    assert Parts(tmp_path / "two", "sha256:aa").load(0) is None
    assert Parts(tmp_path / "one", "sha256:aa").load(0) is not None


def test_a_damaged_chunk_is_as_good_as_none(tmp_path):
    Parts(tmp_path / "out", "sha256:aa").save(0, _chunk())
    (file,) = (tmp_path / ".out.parts").rglob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert Parts(tmp_path / "out", "sha256:aa").load(0) is None


def test_nothing_is_left_when_removed(tmp_path):
    parts = Parts(tmp_path / "out", "sha256:aa")
    parts.save(0, _chunk())
    parts.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot create folder"):
        Parts(tmp_path / "file" / "out", "sha256:aa").save(0, _chunk())


def test_arrays_of_all_chunks_are_put_together_in_a_file(tmp_path):
    parts = Parts(tmp_path / "out", "sha256:aa")
    empty = Chunk(np.empty(0, np.int64), (), None, np.empty((0, 11)), ((0, "broken"),), 16)
    for number, chunk in enumerate([_chunk(), empty, _chunk()]):
        parts.save(number, chunk)
    results = Results(parts, [2, 0, 2])
    assert len(results) == len(list(results)) == 4
    for name in ("scores", "boxes"):
        whole = results.stacked(name)
        np.testing.assert_array_equal(whole, np.concatenate([one[name] for one in results]), strict=True)
        assert isinstance(whole, np.memmap)
    assert results.embeddings().shape == (4, 4)


def test_there_are_no_embeddings_where_a_chunk_has_none(tmp_path):
    parts = Parts(tmp_path / "out", "sha256:aa")
    for number, embeddings in enumerate([True, False]):
        parts.save(number, _chunk(embeddings))
    assert Results(parts, [2, 2]).embeddings() is None


def test_arrays_without_rows_are_put_together_too(tmp_path):
    parts = Parts(tmp_path / "out", "sha256:aa")
    nothing = {"boxes": np.empty((0, 4))}
    parts.save(0, Chunk(np.array([0]), (nothing,), None, np.empty((1, 11)), (), 16))
    assert Results(parts, [1]).stacked("boxes").shape == (0, 4)

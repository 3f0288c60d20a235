import json

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.neighbours import Embeddings

HEADER = {
    "model": "a.onnx",
    "model_digest": "sha256:1",
    "dataset": "pool",
    "dataset_digest": "sha256:2",
    "level": "object",
}


def objects(n=3):
    vectors = np.arange(n * 4, dtype=np.float32).reshape(n, 4)
    boxes = np.arange(n * 4, dtype=np.float64).reshape(n, 4)
    details = pa.table({"uri": [f"{row}.png" for row in range(n)]})
    return Embeddings(tuple(f"image {row // 2}" for row in range(n)), vectors, boxes, HEADER, details)


def test_embeddings_come_back_as_they_were_written(tmp_path):
    made = objects()
    made.write(tmp_path / "e")
    back = Embeddings.read(tmp_path / "e")
    assert back.ids == made.ids
    assert np.array_equal(back.vectors, made.vectors)
    assert np.array_equal(back.boxes, made.boxes)
    assert back.header == HEADER
    assert back.level == "object"
    assert back.column("uri") == ["0.png", "1.png", "2.png"]
    assert back.column("score") == [None, None, None]


def test_the_same_embeddings_have_the_same_bytes(tmp_path):
    objects().write(tmp_path / "a")
    objects().write(tmp_path / "b")
    assert Embeddings.digest(tmp_path / "a") == Embeddings.digest(tmp_path / "b")


def test_an_index_beside_them_does_not_change_their_digest(tmp_path):
    objects().write(tmp_path / "a")
    before = Embeddings.digest(tmp_path / "a")
    (tmp_path / "a" / "index-cosine.json").write_text("{}")
    assert Embeddings.digest(tmp_path / "a") == before


def test_rows_can_be_taken():
    taken = objects().take(np.array([2, 0]))
    assert taken.ids == ("image 1", "image 0")
    assert taken.boxes[0].tolist() == [8, 9, 10, 11]
    assert taken.column("uri") == ["2.png", "0.png"]


def test_what_does_not_fit_is_told():
    vectors = np.ones((2, 3), np.float32)
    with pytest.raises(InputError, match=r"expected float32 vectors shaped \(1, width\)"):
        Embeddings(("a",), vectors)
    with pytest.raises(InputError, match="float64"):
        Embeddings(("a", "b"), vectors.astype(np.float64))
    with pytest.raises(InputError, match=r"boxes shaped \(2, 4\), got \(1, 4\)"):
        Embeddings(("a", "b"), vectors, np.ones((1, 4)))
    with pytest.raises(InputError, match="level 'object' needs boxes"):
        Embeddings(("a", "b"), vectors, header={"level": "object"})
    with pytest.raises(InputError, match="a width of 0"):
        Embeddings(("a",), np.ones((1, 0), np.float32))
    vectors[1, 1] = np.nan
    with pytest.raises(InputError, match="NaN or infinity in 1 of 2 vectors: 'b'"):
        Embeddings(("a", "b"), vectors)


def test_finite_values_whose_sum_overflows_are_fine():
    vectors = np.full((1, 4), 3e38, np.float32)
    assert len(Embeddings(("a",), vectors)) == 1


def test_embeddings_of_another_model_are_not_compared():
    one = objects()
    other = Embeddings(
        one.ids, one.vectors, one.boxes, HEADER | {"model": "b.onnx", "model_digest": "sha256:9"}
    )
    with pytest.raises(
        InputError, match=r"pool holds 4 values a vector of model 'a\.onnx' and evaluation holds"
    ):
        one.check_same_model(other, ("pool", "evaluation"))
    narrower = Embeddings(one.ids, one.vectors[:, :2], one.boxes, HEADER)
    with pytest.raises(InputError, match="holds 2 values"):
        one.check_same_model(narrower, ("pool", "evaluation"))
    one.check_same_model(Embeddings(one.ids, one.vectors, one.boxes), ("pool", "evaluation"))


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(InputError, match=r"embeddings\.json.*embed writes it"):
        Embeddings.read(tmp_path)
    objects().write(tmp_path / "e")
    header = json.loads((tmp_path / "e" / "embeddings.json").read_text())
    (tmp_path / "e" / "embeddings.json").write_text(json.dumps(header | {"schema_version": 9}))
    with pytest.raises(InputError, match="expected schema_version 1, got 9"):
        Embeddings.read(tmp_path / "e")
    (tmp_path / "e" / "embeddings.json").write_text(json.dumps(header))
    (tmp_path / "e" / "embeddings.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"cannot read .*embeddings\.parquet"):
        Embeddings.read(tmp_path / "e")

"""The batched run: results do not depend on how images are batched, and short memory is backed off from."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from seatrial.errors import ModelError
from seatrial.inference import ModelOptions
from seatrial.inference.chunk import ImageRow, RowChunks
from seatrial.inference.load import load_model
from seatrial.inference.runner import Runner
from seatrial.inference.tasks.classification import Classification


@pytest.fixture
def rows(tmp_path, save_image):
    """Nineteen images, the sixth and the last of them broken."""
    paths = [save_image(tmp_path / f"{number:02}.png", number, mean=100 + 5 * number) for number in range(19)]
    paths[5].write_bytes(b"not an image")
    paths[18].unlink()
    return [ImageRow(path.stem, str(path)) for path in paths]


@pytest.fixture
def evaluate(rows, small):
    """Run a model over the rows in chunks and give the runner, the chunks and the advances."""

    def run(uri, *, batch_size=4, workers=2, chunk=19, options=small, images=None):
        images = rows if images is None else images
        model = load_model(uri, options, device="cpu")
        task = Classification(("a", "b"), options.outputs, model.network.precision, named_by_user=False)
        runner = Runner(model, task, batch_size=batch_size, workers=workers)
        advances = []
        parts = [images[start : start + chunk] for start in range(0, len(images), chunk)]
        return runner, list(runner.run(parts, advances.append)), advances

    return run


def _stacked(chunks, name):
    if name == "scores":
        return np.concatenate([result["scores"] for chunk in chunks for result in chunk.results])
    return np.concatenate([getattr(chunk, name) for chunk in chunks])


@pytest.mark.parametrize("batch_size", [1, 2, 7, 64])
@pytest.mark.parametrize("chunk", [4, 19])
def test_batch_size_chunks_and_threads_change_nothing(tiny_networks, evaluate, batch_size, chunk):
    _, one, _ = evaluate("python:tiny_networks:tiny", batch_size=19, workers=1)
    _, other, advances = evaluate("python:tiny_networks:tiny", batch_size=batch_size, workers=3, chunk=chunk)
    for name in ("scores", "embeddings", "properties"):
        np.testing.assert_allclose(_stacked(one, name), _stacked(other, name), rtol=0, atol=1e-5)
    assert sum(advances) == 19


def test_broken_images_are_left_out_and_named(tiny_networks, evaluate):
    _, (chunk,), _ = evaluate("python:tiny_networks:tiny")
    assert chunk.failures == ((5, "not an image"), (18, "no such file"))
    assert chunk.kept.tolist() == [number for number in range(18) if number != 5]
    assert len(chunk.results) == len(chunk.embeddings) == len(chunk.properties) == 17


def test_a_chunk_of_broken_images_only_is_empty(tiny_networks, evaluate, rows):
    _, (chunk,), _ = evaluate("python:tiny_networks:tiny", images=[rows[5], rows[18]])
    assert chunk.results == ()
    assert chunk.embeddings is None
    assert chunk.properties.shape[0] == 0


def test_scores_are_the_softmax_of_what_the_model_says_of_each_image(tiny_networks, evaluate):
    _, (chunk,), _ = evaluate("python:tiny_networks:tiny")
    _, (given,), _ = evaluate(
        "python:tiny_networks:probabilities",
        options=ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}, "outputs": "probabilities"}, "t"),
    )
    scores = _stacked([chunk], "scores")
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, _stacked([given], "scores"), rtol=0, atol=1e-6)


def test_images_of_different_sizes_keep_their_order(tiny_networks, tmp_path, save_image, evaluate):
    sizes = [(20, 20), (24, 20), (20, 20), (31, 9), (24, 20)]
    images = [
        ImageRow(str(number), str(save_image(tmp_path / "s" / f"{number}.png", number, size)))
        for number, size in enumerate(sizes)
    ]
    options = ModelOptions.parse({"preprocess": {"resize": None, "crop": None}}, "test")
    _, (together,), _ = evaluate("python:tiny_networks:tiny", images=images, options=options, batch_size=5)
    _, (alone,), _ = evaluate("python:tiny_networks:tiny", images=images, options=options, batch_size=1)
    assert together.kept.tolist() == [0, 1, 2, 3, 4]
    for name in ("scores", "embeddings", "properties"):
        np.testing.assert_allclose(_stacked([together], name), _stacked([alone], name), rtol=0, atol=1e-6)


def test_short_memory_halves_the_batch_for_good(tiny_networks, evaluate):
    tiny_networks.kept = tiny_networks.hungry()
    runner, chunks, _ = evaluate("python:tiny_networks:kept", batch_size=16, chunk=10)
    assert runner.batch_size == 4
    assert tiny_networks.kept.seen[:3] == [9, 4, 4]  # 9 readable of the first 10
    assert max(tiny_networks.kept.seen[1:]) == 4
    _, (expected,), _ = evaluate("python:tiny_networks:tiny")
    assert _stacked(chunks, "kept").tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(_stacked(chunks, "scores").shape, _stacked([expected], "scores").shape)


def test_a_model_that_fits_with_no_batch_at_all_is_one_line(tiny_networks, evaluate):
    with pytest.raises(ModelError, match="does not fit into the memory of cpu with a batch of 1: CUDA out"):
        evaluate("python:tiny_networks:Insatiable", batch_size=8)


def test_a_model_with_a_fixed_batch_gets_exactly_that(tiny_networks, evaluate, tmp_path):
    program = torch.export.export(tiny_networks.tiny().eval(), (torch.rand(4, 3, 8, 8),))
    torch.export.save(program, tmp_path / "m.pt2")
    runner, (chunk,), _ = evaluate(str(tmp_path / "m.pt2"), batch_size=64)
    assert runner.batch_size == 4
    _, (expected,), _ = evaluate("python:tiny_networks:tiny")
    for name in ("scores", "embeddings"):
        np.testing.assert_allclose(_stacked([chunk], name), _stacked([expected], name), rtol=0, atol=1e-6)


def test_nan_names_the_images(tiny_networks, evaluate):
    with pytest.raises(ModelError, match=r"NaN or infinity for \d of 4 images of a batch: '00', '01'"):
        evaluate("python:tiny_networks:not_a_number")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("python:tiny_networks:three_classes", "returned 3 values an image: expected 2, one for each class"),
        ("python:tiny_networks:FeatureMap", r"returned a tensor shaped \(4, 4, 3, 3\): expected \(4, 2\)"),
        ("python:tiny_networks:named", r"mapping with keys \['boxes'\]"),
    ],
)
def test_a_wrong_output_is_one_line(tiny_networks, evaluate, uri, message):
    with pytest.raises(ModelError, match=message):
        evaluate(uri)


def test_an_input_that_the_model_cannot_take_is_one_line(tiny_networks, evaluate, tmp_path):
    larger = ModelOptions.parse({"preprocess": {"resize": 10, "crop": 10}}, "test")
    with pytest.raises(ModelError, match=r"Fixed failed on a batch shaped \(4, 3, 10, 10\): mat1 and mat2"):
        evaluate("python:tiny_networks:Fixed", options=larger)
    program = torch.export.export(tiny_networks.Fixed().eval(), (torch.rand(4, 3, 8, 8),))
    torch.export.save(program, tmp_path / "m.pt2")
    with pytest.raises(
        ModelError, match=r"expects images of 3×8×8 .* got 3×10×10: set the options preprocess"
    ):
        evaluate(str(tmp_path / "m.pt2"), options=larger)


def test_the_number_of_threads_is_put_back(tiny_networks, evaluate):
    before = torch.get_num_threads()
    evaluate("python:tiny_networks:tiny")
    assert torch.get_num_threads() == before


def test_chunks_without_a_readable_image_keep_their_place(tiny_networks, evaluate, rows):
    broken, fine = rows[5], rows[0]
    order = [broken, broken, fine, fine, broken, broken, broken, fine]
    _, chunks, advances = evaluate("python:tiny_networks:tiny", images=order, chunk=2, batch_size=1)
    assert [len(chunk.kept) for chunk in chunks] == [0, 2, 0, 1]
    assert [chunk.failures[0][0] if chunk.failures else None for chunk in chunks] == [0, None, 0, 0]
    assert sum(advances) == 8


def test_rows_of_chunks_are_made_when_they_are_asked_for():
    table = pa.table({"id": ["a", "b", "c", "d", "e"], "uri": ["1", "2", "3", "4", None], "label": [1] * 5})
    chunks = RowChunks(table, 2, first=1)
    assert len(chunks) == 2
    assert [[row.id for row in chunk] for chunk in chunks] == [["c", "d"], ["e"]]
    assert chunks[1] == [ImageRow("e", None)]
    assert chunks[:1] == [[ImageRow("c", "3"), ImageRow("d", "4")]]

"""A segmenter and a folder of masks become pixel counts, against each mask at its own size."""

import filecmp
import io

import numpy as np
import pytest
from PIL import Image

from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationTable
from seatrial.evaluation.pixels import pixel_counts
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model

_PLAIN = {"mean": [0, 0, 0], "std": [1, 1, 1]}
_FILES = ["embeddings.parquet", "evaluation.json", "masks.parquet", "pixels.parquet", "samples.parquet"]


@pytest.fixture
def evaluate(scenes, vision_networks, tmp_path):
    """Evaluate a segmenter on the scenes on the CPU."""

    def run(out="out", *, model="Painter", options=None, classes="background,red,green", **arguments):
        fields = {"preprocess": {**_PLAIN, "resize": None}, "adapter_options": {"keep_masks": True}}
        return evaluate_model.run(
            f"python:vision_networks:{model}",
            f"masks:{scenes}?classes={classes}&void=255",
            tmp_path / out,
            options=ModelOptions.parse({**fields, **(options or {})}, "test"),
            task="segmentation",
            device="cpu",
            **arguments,
        )

    return run


def _matrix(table):
    frame = table.pixels.to_pandas()
    return frame.groupby(["label", "prediction"])["pixels"].sum()


def _accuracy(table):
    matrix = _matrix(table)
    return sum(count for (label, found), count in matrix.items() if label == found) / matrix.sum()


def test_counts_are_those_of_the_predicted_mask_against_the_truth(evaluate, scenes, tmp_path):
    evaluate()
    table = EvaluationTable.read(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == _FILES
    names, masks = table.header.classes, table.masks.to_pydict()
    assert names == ("background", "red", "green")
    assert table.samples.column("annotated").to_pylist() == [True] * 9
    assert table.samples.column("mask").to_pylist()[0].endswith("masks/0.png")
    for id_, png in zip(masks["image"], masks["mask"], strict=True):
        predicted = np.asarray(Image.open(io.BytesIO(png)))
        truth = np.asarray(Image.open(scenes / "masks" / f"{id_.removesuffix('.png')}.png"))
        assert predicted.shape == truth.shape
        expected = pixel_counts(truth, predicted, 3, 255)
        rows = table.pixels.filter(np.array(table.pixels.column("image").to_pylist()) == id_)
        assert rows.column("pixels").to_pylist() == expected.pixels.tolist()
        assert rows.column("label").to_pylist() == [names[code] for code in expected.label]
    assert _accuracy(table) == 1
    assert table.embeddings.shape == (9, 7)


@pytest.mark.parametrize(
    ("model", "preprocess"),
    [
        ("Painter", {"resize": 100}),
        ("Painter", {"resize": [80, 80]}),
        ("Painter", {"letterbox": 96}),
        ("Coarse", {"resize": 128}),
        ("Coarse", {"letterbox": {"size": [128, 192]}}),
    ],
)
def test_class_values_are_taken_to_the_size_of_the_truth(evaluate, model, preprocess):
    table = evaluate(model=model, options={"preprocess": {**_PLAIN, **preprocess}})
    assert _accuracy(table) > 0.97
    assert _matrix(table).sum() == 3 * (90 * 58 + 60 * 88 + 64 * 62)


def test_batches_and_shards_change_nothing(evaluate):
    whole = evaluate("whole", options={"preprocess": {**_PLAIN, "resize": 100}})
    arguments = {"options": {"preprocess": {**_PLAIN, "resize": 100}}}
    assert evaluate("alone", batch_size=1, **arguments).pixels.equals(whole.pixels)
    merged = EvaluationTable.merge([evaluate(f"{i}", shard=(i, 2), **arguments) for i in range(2)])
    assert merged.header == whole.header
    assert merged.pixels.equals(whole.pixels)


def test_an_interrupted_run_continues_to_the_same_bytes(evaluate, vision_networks, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate_model, "CHUNK", 4)

    class Interrupted(vision_networks.Painter):
        calls, stop_at = 0, None

        def forward(self, pixels):
            type(self).calls += 1
            if type(self).calls == self.stop_at:
                raise KeyboardInterrupt
            return super().forward(pixels)

    vision_networks.Interrupted = Interrupted
    evaluate("whole", model="Interrupted")
    Interrupted.calls, Interrupted.stop_at = 0, 5
    with pytest.raises(KeyboardInterrupt):
        evaluate(model="Interrupted")
    Interrupted.calls, Interrupted.stop_at = 0, None
    evaluate(model="Interrupted")
    assert Interrupted.calls < 6, "finished chunks were computed again"
    _, different, missing = filecmp.cmpfiles(tmp_path / "out", tmp_path / "whole", _FILES, shallow=False)
    assert not different + missing


def test_masks_are_kept_only_where_asked(evaluate):
    assert evaluate(options={"adapter_options": {}}).masks is None


def test_a_class_that_only_the_model_has_counts_as_a_mistake_unless_mapped(evaluate, scenes, capsys):
    for path in (scenes / "masks").iterdir():
        codes = np.array(Image.open(path))
        codes[codes == 2] = 0
        Image.fromarray(codes).save(path)
    names = {"classes": ["background", "red", "grass"]}
    table = evaluate("mistaken", classes="background,red", options=names)
    assert table.header.classes == ("background", "red", "grass")
    wrong = _matrix(table)["background", "grass"]
    assert wrong > 0
    assert (
        f"{wrong} pixels are predicted as classes that the data set does not have" in capsys.readouterr().err
    )
    mapped = evaluate(
        "mapped", classes="background,red", options={**names, "class_map": {"grass": "background"}}
    )
    assert _accuracy(mapped) == 1


class TestBadInput:
    def test_a_crop_would_leave_pixels_without_prediction(self, evaluate):
        with pytest.raises(InputError, match="option preprocess.crop: expected null, got 50"):
            evaluate(options={"preprocess": {"crop": 50}})

    def test_another_number_of_classes_names_the_adapter_and_the_shapes(self, evaluate, tmp_path):
        with pytest.raises(
            ModelError, match=r"adapter 'logits': expected \(3, 4, h, w\) for 4 .*shaped \(3, 3, 60, 90\)"
        ):
            evaluate(classes="background,red,green,blue")
        assert not (tmp_path / "out").exists()

"""A detector and a data set of boxes become an evaluation, in pixels of the images as decoded."""

import filecmp

import numpy as np
import pytest
from PIL import Image

from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model

_PLAIN = {"mean": [0, 0, 0], "std": [1, 1, 1]}
_FILES = ["embeddings.parquet", "evaluation.json", "objects.parquet", "samples.parquet"]


@pytest.fixture
def evaluate(shapes, vision_networks, tmp_path):
    """Evaluate a detector on the shapes on the CPU."""

    def run(out="out", *, model="Finder", options=None, dataset="classes=red,green,blue", **arguments):
        fields = {"adapter": "boxes", "preprocess": {**_PLAIN}, **(options or {})}
        return evaluate_model.run(
            f"python:vision_networks:{model}" if ":" not in model else model,
            f"voc:{shapes}?{dataset}",
            tmp_path / out,
            options=ModelOptions.parse(fields, "test"),
            task="detection",
            device="cpu",
            **arguments,
        )

    return run


def _of(table, role):
    frame = table.objects.to_pandas()
    return frame[frame["role"] == role].reset_index(drop=True)


def _same(one, other):
    _, different, missing = filecmp.cmpfiles(one, other, _FILES, shallow=False)
    return not different and not missing


@pytest.mark.parametrize(
    ("preprocess", "tolerance"),
    [
        ({}, 0),
        ({"resize": 100, "crop": None}, 1.5),
        ({"resize": [70, 110], "crop": None}, 1.5),
        ({"letterbox": 96}, 1.5),
        ({"letterbox": {"size": [64, 128], "stride": 16}}, 1.5),
        ({"resize": 200, "crop": [340, 500]}, 1.5),
    ],
)
def test_boxes_are_in_pixels_of_the_image_whatever_the_model_saw(evaluate, tmp_path, preprocess, tolerance):
    evaluate(options={"preprocess": {**_PLAIN, **preprocess}})
    table = EvaluationTable.read(tmp_path / "out")
    truths, predictions = _of(table, "truth"), _of(table, "prediction")
    assert predictions["image"].tolist() == truths["image"].tolist()
    assert predictions["class"].tolist() == truths["class"].tolist()
    columns = ["x", "y", "width", "height"]
    np.testing.assert_allclose(predictions[columns], truths[columns], rtol=0, atol=2 * tolerance)
    assert table.samples.column("predictions").to_pylist() == [1] * 12
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == _FILES


def test_boxes_of_a_turned_photograph_are_upright(evaluate, shapes):
    path = shapes / "JPEGImages" / "00.png"
    upright = Image.open(path)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it upright
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    table = evaluate()
    truth, prediction = (_of(table, role).iloc[0] for role in ("truth", "prediction"))
    assert [prediction[name] for name in ("x", "y", "width", "height")] == [
        truth[name] for name in ("x", "y", "width", "height")
    ]


def test_batches_shards_and_threads_change_nothing(evaluate):
    whole = evaluate("whole", options={"preprocess": {**_PLAIN, "letterbox": 96}})
    columns = ["x", "y", "width", "height", "score"]
    for batch_size in (1, 5):
        options = {"preprocess": {**_PLAIN, "letterbox": 96}}
        other = evaluate("other", options=options, batch_size=batch_size, workers=2, force=True)
        assert _of(whole, "prediction")["class"].tolist() == _of(other, "prediction")["class"].tolist()
        np.testing.assert_allclose(
            _of(whole, "prediction")[columns], _of(other, "prediction")[columns], rtol=0, atol=1e-4
        )
    shards = [
        evaluate(f"shard{index}", options={"preprocess": {**_PLAIN, "letterbox": 96}}, shard=(index, 3))
        for index in range(3)
    ]
    merged = EvaluationTable.merge(shards)
    assert merged.header == whole.header
    assert merged.samples.drop_columns(["uri"]).equals(whole.samples.drop_columns(["uri"]))
    assert merged.objects.equals(whole.objects)


def test_an_interrupted_run_continues_to_the_same_bytes(evaluate, vision_networks, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate_model, "CHUNK", 5)
    evaluate("whole")
    vision_networks.Finder.calls, vision_networks.Finder.stop_at = 0, 6
    with pytest.raises(KeyboardInterrupt):
        evaluate()
    assert not (tmp_path / "out").exists()
    vision_networks.Finder.calls, vision_networks.Finder.stop_at = 0, None
    evaluate()
    assert vision_networks.Finder.calls < 8, "finished chunks were computed again"
    assert _same(tmp_path / "out", tmp_path / "whole")


def test_embeddings_are_the_average_of_the_widest_feature_map(evaluate):
    assert evaluate().embeddings.shape == (12, 6)
    assert evaluate("none", options={"embeddings": False}).embeddings is None


def test_masks_of_objects_are_of_the_size_of_the_image(evaluate):
    table = evaluate(model="Lists", options={"adapter": "torchvision", "preprocess": {"letterbox": 96}})
    truths, predictions = _of(table, "truth"), _of(table, "prediction")
    assert predictions["mask"].notna().all()
    assert predictions["class"].tolist() == truths["class"].tolist()
    np.testing.assert_allclose(predictions["area"], truths["area"], rtol=0.15)


class TestClasses:
    def test_other_names_are_mapped_and_other_classes_counted_and_left_out(self, evaluate, capsys):
        classes = ["rouge", "green", "violet"]
        table = evaluate(
            options={"classes": classes, "class_map": {"rouge": "red"}, "allow_missing_classes": True}
        )
        assert table.header.classes == ("red", "green", "blue")
        assert set(_of(table, "prediction")["class"]) == {"red", "green"}
        assert len(_of(table, "prediction")) == 8
        said = capsys.readouterr().err
        assert "4 predictions of 1 classes that the data set does not have were left out: 'violet'" in said

    def test_a_class_that_the_model_does_not_have_is_named(self, evaluate):
        with pytest.raises(InputError, match="the model has no class for 'red'; did you mean 'reed'"):
            evaluate(options={"classes": ["reed", "green", "blue"]})


class TestBadOutput:
    @pytest.mark.parametrize(
        ("model", "message"),
        [
            (
                "without_numbers",
                r"adapter 'boxes': expected boxes that are numbers, .* NaN or infinity in \d+",
            ),
            ("too_sure", r"adapter 'boxes': expected scores in \[0, 1\], got 1\.8 in scores \(1,\)"),
            (
                "of_unknown_class",
                r"adapter 'boxes': expected class numbers from 0 to 2, got 7\d.*option classes",
            ),
            (
                "of_another_shape",
                r"adapter 'boxes': expected 'boxes' shaped \(\d, k, 4\).* shaped \(\d, 1, 3\)",
            ),
            ("Painter", r"adapter 'boxes': expected .* mapping \{'out': a tensor shaped \(\d, 3, .*images '"),
        ],
    )
    def test_it_names_the_adapter_what_was_expected_and_what_came(self, evaluate, tmp_path, model, message):
        with pytest.raises(ModelError, match=message) as caught:
            evaluate(model=model)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()

    def test_a_detector_whose_output_nobody_named_is_not_guessed(self, evaluate):
        with pytest.raises(ModelError, match="is not certain: name it with the option adapter"):
            evaluate(options={"adapter": None})

    def test_a_broken_image_is_counted(self, evaluate, shapes):
        (shapes / "JPEGImages" / "03.png").write_bytes(b"not an image")
        table = evaluate()
        assert [failure.reason for failure in table.header.failures] == ["not an image"]
        assert len(table) == 11
        assert len(_of(table, "truth")) == 11

    def test_boxes_beyond_the_border_are_cut_off_unless_told_otherwise(
        self, evaluate, vision_networks, capsys
    ):
        vision_networks.wide = lambda: vision_networks.Wrong(
            boxes=lambda boxes: boxes + boxes.new_tensor([-500.0, 0, 500, 0])
        )
        assert _of(evaluate("cut", model="wide"), "prediction")["x"].min() == 0
        whole = evaluate("whole", model="wide", options={"adapter_options": {"clip": False}})
        assert _of(whole, "prediction")["x"].max() < -400
        vision_networks.off = lambda: vision_networks.Wrong(boxes=lambda boxes: boxes - 500)
        assert len(_of(evaluate("off", model="off"), "prediction")) == 0
        assert "12 predictions without area inside of their image were left out" in capsys.readouterr().err

"""Model options are read from YAML or JSON, and whatever is not one is named."""

import json

import pytest

from seatrial.errors import InputError
from seatrial.inference import ModelOptions, Preprocess


def _written(tmp_path, text, name="model.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_the_usual_evaluation_preset():
    options = ModelOptions()
    assert options.preprocess == Preprocess(
        resize=256, crop=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    )
    assert (options.outputs, options.precision, options.trust_pickle) == ("logits", "auto", False)


def test_yaml_and_json_say_the_same(tmp_path):
    fields = {
        "classes": ["a", "b"],
        "preprocess": {"resize": [32, 48], "crop": None},
        "outputs": "probabilities",
    }
    yaml = _written(
        tmp_path, "classes: [a, b]\npreprocess: {resize: [32, 48], crop: null}\noutputs: probabilities\n"
    )
    assert ModelOptions.load(yaml) == ModelOptions.load(_written(tmp_path, json.dumps(fields), "model.json"))
    assert ModelOptions.load(yaml).preprocess.resize == (32, 48)


def test_an_empty_file_sets_nothing(tmp_path):
    assert ModelOptions.load(_written(tmp_path, "")) == ModelOptions()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clases: [a]", "model.yaml: clases: unknown key; .*did you mean 'classes'"),
        (
            "preprocess: {rezise: 8}",
            "preprocess.rezise: unknown key; expected one of resize, .*did you mean 'resize'",
        ),
        ("outputs: scores", "outputs: expected logits or probabilities, got 'scores'"),
        ("preprocess: {resize: 0}", "preprocess.resize: expected a number of at least 1, got 0"),
        ("preprocess: {std: [1, 1, 0]}", "std: expected three numbers greater than 0"),
        ("preprocess: {mean: [1, 1]}", "preprocess.mean: expected at least 3 items, got 2"),
        ("classes: [a, a]", "classes: expected distinct names"),
        ("- 1", "expected a mapping of options, got list"),
        ("a: [", "not valid YAML"),
    ],
)
def test_what_is_not_an_option_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        ModelOptions.load(_written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*absent\.yaml: No such file"):
        ModelOptions.load(tmp_path / "absent.yaml")


def test_what_the_user_sets_wins_over_what_the_source_knows():
    known = {"classes": ["a", "b"], "preprocess": {"resize": 64, "crop": 32}, "outputs": "probabilities"}
    own = ModelOptions.parse({"outputs": "logits", "preprocess": {"crop": 48}}, "own")
    merged = own.merged_over(known, "source")
    assert merged.classes == ("a", "b")
    assert merged.outputs == "logits"
    assert (merged.preprocess.resize, merged.preprocess.crop) == (64, 48)


def test_what_a_source_knows_is_checked_too():
    with pytest.raises(InputError, match="models:/m/1: colour: unknown key"):
        ModelOptions().merged_over({"colour": "red"}, "models:/m/1")


class TestAdapters:
    def test_known_lists_of_classes_go_by_name(self):
        found = ModelOptions.parse({"classes": "coco90"}, "test").classes
        assert (len(found), found[0], found[11], found[89]) == (90, "person", "unused 12", "toothbrush")
        assert len(ModelOptions.parse({"classes": "voc21"}, "test").classes) == 21

    def test_an_unknown_list_says_which_there_are(self):
        with pytest.raises(InputError, match=r"coco80, coco90, voc20, voc21.* got 'coco81'; did you mean"):
            ModelOptions.parse({"classes": "coco81"}, "test")

    def test_a_letterbox_takes_the_place_of_resize_and_crop(self):
        steps = ModelOptions.parse({"preprocess": {"letterbox": 640}}, "test").preprocess
        assert (steps.letterbox.size, steps.resize, steps.crop) == (640, None, None)
        with pytest.raises(InputError, match="letterbox takes the place of resize: give one or the other"):
            ModelOptions.parse({"preprocess": {"letterbox": 640, "resize": 256}}, "test")

    def test_what_the_user_sets_wins_between_letterbox_and_resize(self):
        under = {"preprocess": {"letterbox": {"size": 640}, "resize": None, "crop": None, "mean": [0, 0, 0]}}
        resized = ModelOptions.parse({"preprocess": {"resize": 320}}, "test").merged_over(under, "adapter")
        steps = resized.preprocess
        assert (steps.letterbox, steps.resize, steps.crop, steps.mean) == (None, 320, None, (0, 0, 0))
        boxed = ModelOptions.parse({"preprocess": {"letterbox": 320}}, "test")
        steps = boxed.merged_over({"preprocess": {"resize": 800}}, "adapter").preprocess
        assert (steps.letterbox.size, steps.resize) == (320, None)

    def test_options_of_another_adapter_are_not_taken_over(self):
        under = {"adapter": "yolo", "adapter_options": {"nms_iou": 0.5}}
        same = ModelOptions.parse({"adapter_options": {"score": 0.1}}, "test").merged_over(under, "model")
        assert same.adapter_options == {"nms_iou": 0.5, "score": 0.1}
        other = ModelOptions.parse({"adapter": "detr"}, "test").merged_over(under, "model")
        assert (other.adapter, other.adapter_options) == ("detr", {})

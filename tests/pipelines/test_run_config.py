"""``seatrial.yaml``: what it accepts, how paths are meant, and what it says of mistakes."""

import json

import pytest

from seatrial.errors import InputError
from seatrial_pipelines.config import RunConfig

GOOD = """\
model:
  uri: model.pt2
  preprocess: {resize: 32, crop: null}
baseline: models:/solar@champion
dataset: table:val.csv?root=pictures&label=kind
reference: images:s3://bucket/train
policy: policy.yaml
mlflow:
  tracking_uri: sqlite:///mlflow.db
  registered_model: solar
out: results
"""


@pytest.fixture
def parse(tmp_path):
    return lambda text: RunConfig.parse(text, "seatrial.yaml", tmp_path)


def test_paths_are_relative_to_the_file(parse, tmp_path):
    config = parse(GOOD)
    assert config.model.uri == f"{tmp_path}/model.pt2"
    assert config.dataset == f"table:{tmp_path}/val.csv?root={tmp_path}/pictures&label=kind"
    assert config.policy == f"{tmp_path}/policy.yaml"
    assert config.out == f"{tmp_path}/results"
    assert config.cache == f"{tmp_path}/.seatrial-cache"
    assert config.mlflow.tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"


def test_file_of_class_names_is_relative_to_the_file(parse, tmp_path):
    text = GOOD.replace("table:val.csv?root=pictures", "images:val?classes=@names.txt")
    assert parse(text).dataset == f"images:{tmp_path}/val?classes=@{tmp_path}/names.txt&label=kind"


def test_addresses_stay_as_they_are(parse):
    config = parse(GOOD)
    assert config.reference == "images:s3://bucket/train"
    assert config.baseline is not None
    assert config.baseline.uri == "models:/solar@champion"


@pytest.mark.parametrize(
    "uri", ["runs:/0a1b/model", "models:/solar/3", "python:shop.models:build", "s3://b/m.pt2"]
)
def test_model_uris_are_no_paths(parse, uri):
    assert parse(GOOD.replace("model.pt2", uri)).model.uri == uri


def test_absolute_paths_stay_as_they_are(parse):
    text = GOOD.replace("model.pt2", "/models/a.pt2").replace(
        "sqlite:///mlflow.db", "sqlite:////data/mlflow.db"
    )
    config = parse(text)
    assert config.model.uri == "/models/a.pt2"
    assert config.mlflow.tracking_uri == "sqlite:////data/mlflow.db"


def test_model_may_be_a_plain_uri(parse):
    text = GOOD.replace(
        "model:\n  uri: model.pt2\n  preprocess: {resize: 32, crop: null}", "model: models:/solar/3"
    )
    assert parse(text).model.uri == "models:/solar/3"


def test_only_options_that_were_given_are_passed_on(parse):
    assert json.loads(parse(GOOD).arguments("")["model_options"]) == {
        "preprocess": {"crop": None, "resize": 32}
    }


def test_champion_is_fed_like_the_candidate_unless_told_otherwise(parse):
    assert json.loads(parse(GOOD).arguments("")["baseline_options"]) == {
        "preprocess": {"crop": None, "resize": 32}
    }
    own = GOOD.replace("baseline: models:/solar@champion", "baseline: {uri: old.pt2, outputs: probabilities}")
    assert json.loads(parse(own).arguments("")["baseline_options"])["outputs"] == "probabilities"


def test_absent_baseline_is_the_registered_champion(parse):
    text = GOOD.replace("baseline: models:/solar@champion\n", "")
    assert parse(text).arguments("", "production")["baseline"] == "models:/solar@production"


def test_champion_can_be_declined(parse):
    assert parse(GOOD.replace("models:/solar@champion", "none")).arguments("")["baseline"] == ""


def test_without_baseline_and_registered_model_there_is_no_champion(parse):
    text = GOOD.replace("baseline: models:/solar@champion\n", "").replace("  registered_model: solar\n", "")
    assert parse(text).arguments("")["baseline"] == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model:\n", "modle:\n", r"seatrial.yaml:1:1: modle: unknown key; .* did you mean 'model'\?"),
        ("  uri: model.pt2\n", "", r"seatrial.yaml:1:1: model: expected a key 'uri', got preprocess"),
        (
            "resize: 32",
            "resise: 32",
            r"seatrial.yaml:3:16: model.preprocess.resise: unknown key; .*'resize'\?",
        ),
        (
            "resize: 32",
            "resize: -1",
            r"seatrial.yaml:3:24: model.preprocess.resize: .*expected a number of at least 1, got -1",
        ),
        (
            "table:val.csv",
            "val.csv",
            r"seatrial.yaml:5:10: dataset: data set 'val.csv\?.*': expected kind:path",
        ),
        ("images:s3://bucket/train", "train", r"seatrial.yaml:6:12: reference: .*expected kind:path"),
        ("policy: policy.yaml\n", "", "seatrial.yaml:1:1: expected a key 'policy', got model, "),
        (
            "registered_model: solar",
            "registered: solar",
            r"seatrial.yaml:10:3: mlflow.registered: unknown key; .*",
        ),
        (
            "tracking_uri: sqlite:///mlflow.db",
            "tracking_uri: ''",
            "seatrial.yaml:9:17: mlflow.tracking_uri: .*got ''",
        ),
        ("out: results", "out: [a]", "seatrial.yaml:11:6: out: expected text, got a list"),
        ("out: results", "out: x\nout: y", "seatrial.yaml:12:1: out: key given twice, first on line 11"),
        ("out: results", "out: 'x", "seatrial.yaml:.* not valid YAML"),
    ],
)
def test_mistake_names_file_line_and_column(parse, old, new, message):
    assert old in GOOD
    with pytest.raises(InputError, match=message):
        parse(GOOD.replace(old, new))


@pytest.mark.parametrize(("text", "kind"), [("", "nothing"), ("- a", "a list"), ("solar", "'solar'")])
def test_file_that_is_no_mapping_is_refused(parse, text, kind):
    with pytest.raises(InputError, match=f"seatrial.yaml:1:1: expected a mapping .*, got {kind}"):
        parse(text)


def test_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*seatrial.yaml: No such file"):
        RunConfig.load(tmp_path / "seatrial.yaml")


def test_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "seatrial.yaml").write_bytes(b"model: \xff\xfe")
    with pytest.raises(InputError, match="expected UTF-8 text: .* at byte 7"):
        RunConfig.load(tmp_path / "seatrial.yaml")

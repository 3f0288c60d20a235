"""What MLflow keeps becomes what the core loads."""

import time

import mlflow
import pytest
import yaml

from seatrial.errors import InputError, ModelError, ServiceError
from seatrial.extensions import load_extension
from seatrial.inference.source import MODEL_SOURCES
from seatrial_mlflow.model_source import digest_model, fetch

pytestmark = pytest.mark.usefixtures("tracking")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("pickle", "model.pth"),
        ("torchscript", "model.pth"),
        ("export", "model.pt2"),
        ("onnx", "model.onnx"),
    ],
)
def test_each_flavour_is_fetched_as_the_kind_that_it_was_logged_as(logged, tmp_path, kind, name):
    fetched = fetch(logged.uri(kind), tmp_path)
    assert (fetched.kind, fetched.path.name) == (kind, name)
    assert fetched.path.is_file()


def test_the_model_says_how_it_is_fed(logged, tmp_path):
    assert fetch(logged.uri("export"), tmp_path).options == {
        "classes": ["sound", "cracked", "unsure"],
        "preprocess": {"resize": None, "crop": None},
    }
    (tmp_path / "other").mkdir()
    assert fetch(logged.uri("other"), tmp_path / "other").options == {}


def test_every_uri_of_a_model_gives_the_same_digest(logged, registered, tmp_path):
    name, version = registered("pickle")
    uris = [
        logged.uri("pickle"),
        f"runs:/{logged.run_id}/pickle",
        f"models:/{name}/{version}",
        f"models:/{name}@champion",
    ]
    digests = []
    for number, uri in enumerate(uris):
        (tmp_path / str(number)).mkdir()
        digests.append(fetch(uri, tmp_path / str(number)).digest)
    assert len(set(digests)) == 1
    (tmp_path / "other").mkdir()
    assert fetch(logged.uri("other"), tmp_path / "other").digest != digests[0]


def test_a_plain_file_of_a_run_is_a_model_too(logged, tmp_path):
    fetched = fetch(f"runs:/{logged.run_id}/weights/plain.onnx", tmp_path)
    assert (fetched.kind, fetched.path.name) == ("onnx", "plain.onnx")


def test_both_schemes_are_installed():
    assert load_extension(MODEL_SOURCES, "runs") is load_extension(MODEL_SOURCES, "models") is fetch


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("models:/nobody/1", "nobody"),
        ("models:/nobody@champion", "nobody"),
        ("models:/m-00000000000000000000000000000000", "m-00000000000000000000000000000000"),
        ("runs:/00000000000000000000000000000000/model", "00000000000000000000000000000000"),
        ("models:/solar", "expected runs:/<run id>/<path>, models:/<name>/<version>"),
        ("models:/solar/latest", "expected runs:/<run id>/<path>, models:/<name>/<version>"),
        ("runs:/abc", "expected runs:/<run id>/<path>"),
    ],
)
def test_an_unknown_model_is_one_line(tmp_path, uri, message):
    with pytest.raises(InputError) as caught:
        fetch(uri, tmp_path)
    assert uri in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_version_or_alias_of_a_known_model_is_one_line(registered, tmp_path):
    name, _ = registered("pickle")
    for uri in (f"models:/{name}/99", f"models:/{name}@nobody"):
        with pytest.raises(InputError, match="99|nobody"):
            fetch(uri, tmp_path)


def test_an_unknown_path_of_a_run_is_one_line(logged, tmp_path):
    with pytest.raises(InputError, match="nothing/here"):
        fetch(f"runs:/{logged.run_id}/nothing/here", tmp_path)


def log_folder(client, folder, recipe):
    """Log a hand-made MLmodel as a plain artifact of a new run."""
    folder.mkdir()
    text = recipe if isinstance(recipe, str) else yaml.safe_dump(recipe)
    (folder / "MLmodel").write_text(text)
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, str(folder), "model")
    return f"runs:/{run.info.run_id}/model"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            {"flavors": {"sklearn": {}, "python_function": {}}},
            "expected flavour pytorch or onnx, got python_",
        ),
        ({"flavors": {}}, "expected flavour pytorch or onnx, got none"),
        ({"flavors": {"onnx": {"data": "gone.onnx"}}}, "names gone.onnx, which is not among its files"),
        ({"flavors": {"onnx": {"data": "/etc/hostname"}}}, "a file outside the model"),
        ({"flavors": {"pytorch": {"model_data": "../../.."}}}, "not among its files|outside the model"),
        ("- just a list", "expected a mapping with flavors"),
        ("a: [", "MLmodel cannot be read"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_one_line(client, tmp_path, recipe, message):
    uri = log_folder(client, tmp_path / "model", recipe)
    (tmp_path / "target").mkdir()
    with pytest.raises(ModelError, match=message) as caught:
        fetch(uri, tmp_path / "target")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trust_pickle": True}, "expected adapter, .*classes, .* got 'trust_pickle'"),
        ({"factory": "os:system"}, "got 'factory'"),
        ({"outputs": "guesses"}, "outputs: .* got 'guesses'"),
        (["classes"], "expected a mapping of model options, got list"),
    ],
)
def test_a_model_cannot_vouch_for_itself_or_name_code(client, logged, tmp_path, fields, message):
    folder = tmp_path / "copy"
    folder.mkdir()
    mlflow.artifacts.download_artifacts(artifact_uri=logged.uri("onnx"), dst_path=str(folder))
    recipe = yaml.safe_load((folder / "MLmodel").read_text())
    (folder / "MLmodel").write_text(yaml.safe_dump({**recipe, "metadata": {"seatrial": fields}}))
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, str(folder), "model")
    (tmp_path / "target").mkdir()
    with pytest.raises(ModelError, match=message):
        fetch(f"runs:/{run.info.run_id}/model", tmp_path / "target")


def test_an_unreachable_server_is_one_line_within_half_a_minute(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port}")
    start = time.monotonic()
    with pytest.raises(ServiceError, match=rf"127.0.0.1:{free_port} does not answer: connection refused"):
        fetch("models:/solar/1", tmp_path)
    assert time.monotonic() - start < 30


def test_no_server_at_all_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(InputError, match="no MLflow server is named: set MLFLOW_TRACKING_URI"):
        fetch("models:/solar/1", tmp_path)


def test_the_note_that_a_download_leaves_is_no_part_of_the_digest(tmp_path):
    (tmp_path / "weights").write_bytes(b"1")
    before = digest_model(tmp_path)
    (tmp_path / "registered_model_meta").write_text("model_name: solar")
    assert digest_model(tmp_path) == before

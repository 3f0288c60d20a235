"""What MLflow keeps becomes what the core loads."""

import pytest

from seatrial.digests import digest_file
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

"""The gate stands behind MLflow's own authentication, and its log names the user."""

import pytest
from mlflow.exceptions import MlflowException

from seatrial_mlflow import promote_model

from .conftest import Model, Registry, write_gate

# MLflow hashes the password at every request, half a second each
pytestmark = pytest.mark.slow


@pytest.fixture
def guarded(tmp_path, keys, monkeypatch):
    """A gated server that asks for a password."""
    pytest.importorskip("flask_wtf", reason="mlflow[auth] is not installed")
    server = Registry(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}", keys)
    (tmp_path / "auth.ini").write_text(f"""\
[mlflow]
default_permission = READ
database_uri = sqlite:///{tmp_path / "auth.db"}
admin_username = admin
admin_password = a-password-for-tests
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
""")
    server.options = ("--app-name", "basic-auth")
    server.environment = {
        "MLFLOW_AUTH_CONFIG_PATH": str(tmp_path / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a-secret-for-tests",
    }
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a-password-for-tests")
    write_gate(server.gate_file, keys)
    server.start()
    server.wait()
    yield server
    server.stop()


def test_a_user_with_a_password_still_needs_a_verdict(guarded, keys, tmp_path):
    import mlflow

    model = Model(mlflow.MlflowClient(), tmp_path, "gate-auth")
    version = model.add("one")
    with pytest.raises(MlflowException, match="has no signed verdict"):
        model.client.set_registered_model_alias(model.name, "champion", version)
    promote_model.run(**model.evidence(version), key=keys["pipeline"])
    assert model.alias() == version
    assert [(row["outcome"], row["who"]) for row in guarded.log()] == [
        ("refused", "admin from 127.0.0.1"),
        ("accepted", "admin from 127.0.0.1"),
    ]

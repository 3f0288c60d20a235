"""The registry's gate in the demo: a key that signs verdicts, and the file that trusts it."""

from pathlib import Path

from seatrial.files import write_text
from seatrial_mlflow.gated_registry.configuration import GATE_FILE
from seatrial_mlflow.signing import generate

__all__ = ["GATE_FILE", "KEY", "attempt", "write"]

#: The private key, in the demo's folder; elsewhere it would be where the evaluation runs, and nowhere else.
KEY = Path("keys") / "pipeline.pem"


def write(folder: Path, model: str) -> Path:
    """Make a new key and a gate file that protects the champion of a model; gives the gate file."""
    public = generate(folder / KEY).keyval["public"]
    path = folder / "gate.yaml"
    write_text(
        path,
        f"""\
# What the registry protects: this alias moves only on a verdict that this key signed.
apiVersion: seatrial/v1
kind: RegistryGate
models:
  - name: {model}
    aliases: [champion]
keys:
  - public: {public}
    may: [verdict]
""",
    )
    return path


def attempt(uri: str, model: str, version: str) -> str | None:
    """Set the champion by hand, past every pipeline; gives the registry's refusal, None where it let it."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        MlflowClient(tracking_uri=uri).set_registered_model_alias(model, "champion", version)
    except MlflowException as error:
        return error.message.removeprefix("PERMISSION_DENIED: ")
    return None

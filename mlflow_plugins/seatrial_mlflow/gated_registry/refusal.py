"""What the gate answers when it says no."""

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_CONFLICT

__all__ = ["ConflictError", "RefusalError"]


class RefusalError(MlflowException):
    """The registry refuses; MLflow answers 403 and its UI shows the message as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_code=PERMISSION_DENIED)


class ConflictError(MlflowException):
    """The alias has moved since the verdict; MLflow answers 409."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_code=RESOURCE_CONFLICT)

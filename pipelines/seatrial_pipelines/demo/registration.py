"""A training run in MLflow, with its model logged and registered."""

import contextlib
import io
import logging
import os
import warnings
from dataclasses import dataclass

import numpy as np

from seatrial_mlflow.publish_run import EXPERIMENT_TAGS
from seatrial_pipelines.demo.cells import CLASSES
from seatrial_pipelines.demo.training import PREPROCESS, Trained

__all__ = ["EXPERIMENT", "MODEL", "Registered", "register"]

EXPERIMENT = MODEL = "solar-cells"


@dataclass(frozen=True, slots=True)
class Registered:
    """A model version and the training run it comes from."""

    model_uri: str
    version: str
    run_id: str


def register(trained: Trained, tracking_uri: str, run_name: str, parameters: dict[str, int]) -> Registered:
    """Log a training run with its model and register the model.

    Args:
        trained: The model.
        tracking_uri: MLflow's address.
        run_name: What the run is called.
        parameters: What it was trained with.
    """
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(EXPERIMENT)
    mlflow.set_experiment_tags(EXPERIMENT_TAGS)
    signature = ModelSignature(Schema([TensorSpec(np.dtype(np.float32), (-1, 3, 224, 224))]))
    with (
        mlflow.start_run(run_name=run_name) as run,
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")  # MLflow and torch.export speak of their own future
        mlflow.log_params(parameters)
        mlflow.log_metric("training_accuracy", trained.accuracy)
        info = mlflow.pytorch.log_model(
            trained.network,
            name="model",
            serialization_format="pt2",
            input_example=(np.zeros((2, 3, 224, 224), dtype=np.float32),),
            signature=signature,
            registered_model_name=MODEL,
            metadata={
                "seatrial": {"classes": list(CLASSES), "preprocess": PREPROCESS.model_dump(mode="json")}
            },
            pip_requirements=["torch"],
        )
    version = str(info.registered_model_version)
    return Registered(f"models:/{MODEL}/{version}", version, run.info.run_id)

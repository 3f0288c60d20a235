"""A training run in MLflow, with its model logged and registered."""

import logging
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial_pipelines.demo.cells import CLASSES
from seatrial_pipelines.demo.training import PREPROCESS

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Registered", "register"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A model version and the training run it comes from."""

    model_uri: str
    version: str
    run_id: str


def register(
    network: "nn.Module",
    tracking_uri: str,
    experiment: str,
    name: str,
    run_name: str,
    parameters: dict[str, int],
) -> Registered:
    """Log a training run with its model and register the model.

    Args:
        network: From images (batch, 3, 224, 224) to logits and embeddings.
        tracking_uri: MLflow's address.
        experiment: Experiment of the run; it is created where it is absent.
        name: Registered model.
        run_name: What the run is called.
        parameters: What it was trained with.
    """
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(experiment)
    signature = ModelSignature(Schema([TensorSpec(np.dtype(np.float32), (-1, 3, 224, 224))]))
    with mlflow.start_run(run_name=run_name) as run, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow and torch.export speak of their own future
        mlflow.log_params(parameters)
        info = mlflow.pytorch.log_model(
            network,
            name="model",
            serialization_format="pt2",
            input_example=(np.zeros((2, 3, 224, 224), dtype=np.float32),),
            signature=signature,
            registered_model_name=name,
            metadata={
                "seatrial": {"classes": list(CLASSES), "preprocess": PREPROCESS.model_dump(mode="json")}
            },
            pip_requirements=["torch"],
        )
    version = str(info.registered_model_version)
    return Registered(f"models:/{name}/{version}", version, run.info.run_id)

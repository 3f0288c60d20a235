"""A training run in MLflow, with its model logged and registered."""

import contextlib
import io
import logging
import os
import warnings
from dataclasses import dataclass

import numpy as np

from seatrial_mlflow.publish_run import EXPERIMENT_TAGS
from seatrial_pipelines.demo.tale import Chapter, Trained

__all__ = ["Registered", "register"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A model version and the training run it comes from."""

    model_uri: str
    version: str
    run_id: str


def register(trained: Trained, tracking_uri: str, name: str, chapter: Chapter) -> Registered:
    """Log a training run with its model and register the model.

    Args:
        trained: The model.
        tracking_uri: MLflow's address.
        name: Name of the registered model and of the experiment.
        chapter: What the run is called, and what the model was trained on.
    """
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(name)
    mlflow.set_experiment_tags(EXPERIMENT_TAGS)
    shape = (3, trained.side, trained.side)
    signature = ModelSignature(Schema([TensorSpec(np.dtype(np.float32), (-1, *shape))]))
    with (
        mlflow.start_run(run_name=chapter.name) as run,
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")  # MLflow and torch.export speak of their own future
        mlflow.log_params({kind.replace(" ", "_"): count for kind, count in chapter.samples.items()})
        mlflow.log_metrics(trained.metrics)
        info = mlflow.pytorch.log_model(
            trained.network,
            name="model",
            serialization_format="pt2",
            input_example=(np.zeros((2, *shape), dtype=np.float32),),
            signature=signature,
            registered_model_name=name,
            metadata={"seatrial": trained.options},
            pip_requirements=["torch"],
        )
    version = str(info.registered_model_version)
    return Registered(f"models:/{name}/{version}", version, run.info.run_id)

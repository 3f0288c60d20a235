"""Component ``evaluate_model``."""

from kfp import dsl

from seatrial_components.image import EVALUATION_IMAGE

__all__ = ["evaluate_model"]


@dsl.component(base_image=EVALUATION_IMAGE, install_kfp_package=False)
def evaluate_model(
    model: str,
    dataset: str,
    evaluation: dsl.Output[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
    task: str = "",
    options: str = "",
    tracking_uri: str = "",
    shard: str = "0/1",
    processes: int = 1,
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
    profile: bool = False,
    model_digest: str = "",
    dataset_digest: str = "",
    manifest: dsl.Input[dsl.Dataset] = None,
) -> None:
    """Run a model over a data set and keep what every later step needs, sample by sample.

    The evaluation holds predictions, scores, losses, image attributes and embeddings: slices, rules and
    intervals are computed from it without the model. Images that cannot be read are counted and listed.
    Without a model (an empty URI) it writes down that there is none, and later steps compare with nothing.

    Args:
        model: URI of the model: `runs:/`, `models:/`, or a TorchScript, .pt2, ONNX or weights file;
            empty for none.
        dataset: Specification of the data, e.g. `images:s3://bucket/val`.
        evaluation: The evaluation: Parquet files and `evaluation.json`.
        metrics: Images, failed images; accuracy, or truths and predictions.
        task: `classification`, `detection` or `segmentation`; empty for what the data set's truth is for.
        options: JSON object of model options, e.g. `{"adapter": "yolo"}`; empty for the defaults.
        tracking_uri: MLflow server that `runs:/` and `models:/` refer to; empty keeps the environment's.
        shard: Part of the data to evaluate, `I/N` with I from 0.
        processes: Processes of the pod that share the work by torchrun, one a GPU; 0 counts the GPUs.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        batch_size: Images at once to begin with; 0 chooses by the device.
        workers: Threads that decode images; 0 chooses by the number of cores.
        profile: Say in the log what takes the time and what to change, and write it to `profile.json` of the
            evaluation.
        model_digest: Digest of the model's content; only part of the cache key.
        dataset_digest: Digest of the data's content; only part of the cache key.
        manifest: The data set as `plan_shards` wrote it down, so that only this part's images are opened;
            left out: the whole of `dataset` is read.
    """
    from seatrial_components.display import show_evaluation
    from seatrial_components.evaluation import evaluate

    table = evaluate(
        model,
        dataset,
        evaluation.path,
        options=options,
        tracking_uri=tracking_uri,
        manifest=manifest.path if manifest else "",
        shard=shard,
        processes=processes,
        device=device,
        batch_size=batch_size,
        workers=workers,
        profile=profile,
        task=task,
    )
    show_evaluation(table, metrics)

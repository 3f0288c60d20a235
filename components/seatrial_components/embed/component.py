"""Component ``embed``."""

from kfp import dsl

from seatrial_components.image import EVALUATION_IMAGE

__all__ = ["embed"]


@dsl.component(base_image=EVALUATION_IMAGE, install_kfp_package=False)
def embed(
    model: str,
    embeddings: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    dataset: str = "",
    evaluation: dsl.Input[dsl.Dataset] = None,
    like: dsl.Input[dsl.Dataset] = None,
    level: str = "image",
    roles: str = "truth",
    min_score: float = 0.5,
    margin: float = 0.1,
    weights: str = "",
    options: str = "",
    task: str = "",
    tracking_uri: str = "",
    shard: str = "0/1",
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
    model_digest: str = "",
    dataset_digest: str = "",
) -> None:
    """Turn images, or the objects in them, into vectors that can be searched and compared.

    A data set needs no labels. Images that cannot be read are counted and listed.

    Args:
        model: URI of the model, as of `evaluate_model`; `torchvision:NAME` or `open_clip:NAME` with weights.
        embeddings: The vectors: `embeddings.parquet` and `embeddings.json`.
        metrics: Rows, width and failures.
        dataset: Specification of the data, e.g. `images:s3://bucket/pool`; empty with an evaluation.
        evaluation: Evaluation whose images, or objects, are embedded instead.
        like: Evaluation by the same model: its classes are those of the images, whose predictions are kept.
        level: `image`, or `object` for the crop of every object.
        roles: Objects of an evaluation: `truth`, `prediction` or `both`.
        min_score: Least score of a predicted object.
        margin: What is shown around an object, as a share of its longer side.
        weights: File of weights that the pod can read; nothing is downloaded.
        options: JSON object of model options; empty for the defaults.
        task: What the model was made for; empty for what the data set is for.
        tracking_uri: MLflow server that `runs:/` and `models:/` refer to; empty keeps the environment's.
        shard: Part of the images, `I/N` with I from 0.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        batch_size: Images at once to begin with; 0 chooses by the device.
        workers: Threads that decode images; 0 chooses by the number of cores.
        model_digest: Digest of the model's content; only part of the cache key.
        dataset_digest: Digest of the data's content; only part of the cache key.
    """
    from seatrial_components.edge_cases import embed as embed_data
    from seatrial_components.explanation import explained

    embed_data(
        model,
        embeddings.path,
        metrics,
        dataset=dataset,
        evaluation=explained(evaluation),
        like=explained(like),
        level=level,
        roles=roles,
        min_score=min_score,
        margin=margin,
        weights=weights,
        options=options,
        task=task,
        tracking_uri=tracking_uri,
        shard=shard,
        device=device,
        batch_size=batch_size,
        workers=workers,
    )

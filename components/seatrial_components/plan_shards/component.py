"""Component ``plan_shards``."""

from typing import Dict, List  # noqa: UP035 - the compiler reads this form alone

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["plan_shards"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def plan_shards(
    dataset: str,
    shards: int,
    manifest: dsl.Output[dsl.Dataset],
    model: str = "",
    model_digest: str = "",
    baseline: str = "",
    baseline_digest: str = "",
    dataset_digest: str = "",
) -> List[Dict[str, str]]:  # noqa: UP006
    """Name the parts in which a model is evaluated by many pods, for a `ParallelFor`.

    Reads every image once and writes their digests down, so that each part opens its own images only. A few
    tens of large parts are right: Kubeflow carries hundreds of tasks in one run, not thousands.

    Args:
        dataset: Specification of the data, e.g. `images:s3://bucket/val`.
        shards: Parts that are wanted; a data set of fewer images gets fewer.
        manifest: The data set's rows with the digest of each image, for `evaluate_model`.
        model: URI of the candidate, handed on to each part.
        model_digest: Digest of the candidate's content, handed on.
        baseline: URI of the champion, handed on.
        baseline_digest: Digest of the champion's content, handed on.
        dataset_digest: Digest of the data's content, handed on; part of the cache key.

    Returns:
        One item a part: `shard` (`0/8`, `1/8`, …) and what was handed on, by its name.
    """
    from pathlib import Path

    from seatrial.steps import plan_shards as step

    handed_on = {
        "model": model,
        "model_digest": model_digest,
        "baseline": baseline,
        "baseline_digest": baseline_digest,
        "dataset_digest": dataset_digest,
    }
    return [{"shard": one, **handed_on} for one in step.run(dataset, shards, manifest=Path(manifest.path))]

"""Component ``resolve_inputs``."""

from typing import NamedTuple

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["resolve_inputs"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def resolve_inputs(
    model: str,
    dataset: str,
    policy: str,
    policy_file: dsl.Output[dsl.Artifact],
    baseline: str = "",
    reference: str = "",
    tracking_uri: str = "",
) -> NamedTuple(  # type: ignore[valid-type]
    "Resolved",
    [
        ("model", str),
        ("model_digest", str),
        ("baseline", str),
        ("baseline_digest", str),
        ("dataset_digest", str),
        ("reference_digest", str),
    ],
):
    """Pin what a run judges, before any model runs.

    A registry alias becomes the version that it points at now, data sets get a content digest, and the
    policy is checked. Later tasks take the digests as parameters, so that their cache keys follow the
    content. An alias of the champion that is not set yet means that there is no champion. Never cache it.

    Args:
        model: URI of the candidate, e.g. `models:/solar@candidate` or `runs:/<id>/model`.
        dataset: Specification of the evaluation data, e.g. `images:s3://bucket/val`.
        policy: Text of the policy.
        policy_file: The checked policy.
        baseline: URI of the champion, e.g. `models:/solar@champion`; empty for none.
        reference: Specification of the reference data (training data); empty for none.
        tracking_uri: MLflow server that aliases are resolved on; empty keeps the environment's.

    Returns:
        model: The candidate's URI, pinned to a version.
        model_digest: Changes with the candidate's content; only meant for cache keys.
        baseline: The champion's URI, pinned to a version; empty where there is none.
        baseline_digest: Changes with the champion's content; only meant for cache keys.
        dataset_digest: Content digest of the evaluation data.
        reference_digest: Content digest of the reference data; empty where there is none.
    """
    from seatrial_components.resolution import resolve

    return resolve(
        model,
        dataset,
        policy,
        policy_file.path,
        baseline=baseline,
        reference=reference,
        tracking_uri=tracking_uri,
    )

"""Component ``promote_model``."""

from typing import NamedTuple

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["promote_model"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def promote_model(
    verdict: dsl.Input[dsl.Artifact],
    registered_model: str = "",
    alias: str = "champion",
    run_id: str = "",
    tracking_uri: str = "",
) -> NamedTuple(  # type: ignore[valid-type]
    "Promoted", [("outcome", str), ("version", str), ("told", str)]
):
    """Move the registry alias to the candidate, after a verdict that passes.

    Refuses unless the verdict is a pass, the model's files are those that were judged, and the alias still
    points at the champion that they were compared with. Use it inside `dsl.If`, after `publish_run`. Never
    cache it.

    Args:
        verdict: The verdict; it names the candidate.
        registered_model: Registered model whose alias moves; empty moves nothing.
        alias: The alias.
        run_id: The evaluation run, noted on the model version.
        tracking_uri: MLflow server; empty keeps the environment's.

    Returns:
        outcome: Whether the alias moved: `promoted`, `unchanged` (it pointed there already) or `none` (no
            registered model is named).
        version: The version that the alias points at; empty for none.
        told: What was promoted in one line, e.g. `solar version 3 is champion`; empty for none.
    """
    from seatrial_components.promotion import promote

    return promote(
        verdict.path, registered_model=registered_model, alias=alias, run_id=run_id, tracking_uri=tracking_uri
    )

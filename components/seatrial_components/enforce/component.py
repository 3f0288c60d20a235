"""Component ``enforce``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["enforce"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def enforce(verdict: dsl.Input[dsl.Artifact]) -> None:
    """Fail the run unless the verdict is a pass.

    The last task of a pipeline, so that everything before it is kept and a refused model leaves a failed
    run. Never cache it.

    Args:
        verdict: The verdict.
    """
    from seatrial_components.enforcement import require_pass

    require_pass(verdict.path)

"""Component ``judge_data``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["judge_data"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def judge_data(quality: dsl.Input[dsl.Artifact], policy: str = "") -> None:
    """Fail the run where the data rules of a policy refuse the data.

    The last task of a pipeline, so that everything before it is kept. Never cache it: waivers expire by the
    day.

    Args:
        quality: The findings of the data checks.
        policy: Text of the policy, of which the rules of type `data` are judged; empty: nothing is refused.
    """
    from seatrial_components.enforcement import require_fit_data

    require_fit_data(quality.path, policy)

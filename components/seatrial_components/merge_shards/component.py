"""Component ``merge_shards``."""

from typing import List  # noqa: UP035 - the compiler reads this form alone

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["merge_shards"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def merge_shards(
    shards: dsl.Input[List[dsl.Dataset]],  # noqa: UP006
    evaluation: dsl.Output[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Put the shards of one evaluation together.

    A shard that is missing, doubled or of another model is an error, not a smaller data set. Shards that all
    say that there is no model (no champion yet) make an evaluation that says so.

    Args:
        shards: Evaluations of all parts, e.g. collected from a `ParallelFor`.
        evaluation: The whole evaluation.
        metrics: Images, failed images; accuracy, or truths and predictions.
    """
    from seatrial_components.display import show_evaluation
    from seatrial_components.evaluation import merged

    show_evaluation(merged([shard.path for shard in shards], evaluation.path), metrics)

"""The pipeline ``post_training``: from a trained model to a promoted or a refused one."""

from kfp import dsl

from seatrial_components.evaluate_model import evaluate_model
from seatrial_pipelines.judgement import judge, resolve, told_at_the_end

__all__ = ["post_training"]


@dsl.pipeline(name="post-training")
def post_training(
    model: str,
    dataset: str,
    policy: str,
    baseline: str = "",
    reference: str = "",
    model_options: str = "",
    baseline_options: str = "",
    tracking_uri: str = "",
    experiment: str = "",
    registered_model: str = "",
    alias: str = "champion",
    parent_run: str = "",
    processes: int = 1,
) -> None:
    """Evaluate a trained model, judge it by a policy, record everything, promote it or refuse it.

    Args:
        model: URI of the candidate, e.g. `runs:/<id>/model` or `models:/solar@candidate`.
        dataset: Specification of the evaluation data, e.g. `images:s3://bucket/val`.
        policy: Text of the policy.
        baseline: URI of the champion, e.g. `models:/solar@champion`; empty for none; an alias that is not
            set yet means none.
        reference: Specification of the reference data (training data); empty for none.
        model_options: JSON object of the candidate's options; empty for the defaults.
        baseline_options: JSON object of the champion's options; empty for the defaults.
        tracking_uri: MLflow server; empty keeps the environment's.
        experiment: Experiment, for an evaluation run without a parent.
        registered_model: Registered model whose alias moves after a pass; empty moves nothing.
        alias: The alias that moves.
        parent_run: Training run that the evaluation run is nested under; empty: the run that logged the
            candidate.
        processes: Processes of a pod that share an evaluation, one a GPU.
    """
    with told_at_the_end(tracking_uri):
        inputs = resolve(
            model=model,
            dataset=dataset,
            policy=policy,
            baseline=baseline,
            reference=reference,
            tracking_uri=tracking_uri,
        )
        candidate = evaluate_model(
            model=inputs["model"],
            dataset=dataset,
            options=model_options,
            tracking_uri=tracking_uri,
            processes=processes,
            model_digest=inputs["model_digest"],
            dataset_digest=inputs["dataset_digest"],
        ).outputs["evaluation"]
        champion = evaluate_model(
            model=inputs["baseline"],
            dataset=dataset,
            options=baseline_options,
            tracking_uri=tracking_uri,
            processes=processes,
            model_digest=inputs["baseline_digest"],
            dataset_digest=inputs["dataset_digest"],
        ).outputs["evaluation"]
        judge(
            inputs,
            candidate,
            champion,
            name="post-training",
            dataset=dataset,
            reference=reference,
            tracking_uri=tracking_uri,
            experiment=experiment,
            registered_model=registered_model,
            alias=alias,
            parent_run=parent_run,
        )

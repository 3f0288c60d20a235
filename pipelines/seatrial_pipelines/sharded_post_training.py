"""The pipeline ``sharded_post_training``: as ``post_training``, with evaluations shared by many pods."""

from kfp import dsl

from seatrial_components.evaluate_model import evaluate_model
from seatrial_components.merge_shards import merge_shards
from seatrial_components.plan_shards import plan_shards
from seatrial_pipelines.judgement import judge, resolve, told_at_the_end

__all__ = ["sharded_post_training"]


@dsl.pipeline(name="sharded-post-training")
def sharded_post_training(
    model: str,
    dataset: str,
    policy: str,
    shards: int = 8,
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
    """Judge a trained model as `post_training` does, with the data shared by many pods.

    The evaluation that comes out is the one that a single pod would make. A pod that dies is started again; a
    part that stays missing fails the run.

    Args:
        model: URI of the candidate, e.g. `runs:/<id>/model` or `models:/solar@candidate`.
        dataset: Specification of the evaluation data, e.g. `images:s3://bucket/val`.
        policy: Text of the policy.
        shards: Parts, a pod each for the candidate and for the champion; a few tens at most.
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
        processes: Processes of a pod that share its part, one a GPU.
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
        # kfp's local runner puts the loop's item in place of another task's output: the items carry them all
        plan = plan_shards(
            dataset=dataset,
            shards=shards,
            model=inputs["model"],
            model_digest=inputs["model_digest"],
            baseline=inputs["baseline"],
            baseline_digest=inputs["baseline_digest"],
            dataset_digest=inputs["dataset_digest"],
        )
        with dsl.ParallelFor(plan.outputs["Output"], name="every shard") as item:
            candidate = evaluate_model(
                model=item.model,
                dataset=dataset,
                options=model_options,
                tracking_uri=tracking_uri,
                shard=item.shard,
                processes=processes,
                model_digest=item.model_digest,
                dataset_digest=item.dataset_digest,
                manifest=plan.outputs["manifest"],
            )
            champion = evaluate_model(
                model=item.baseline,
                dataset=dataset,
                options=baseline_options,
                tracking_uri=tracking_uri,
                shard=item.shard,
                processes=processes,
                model_digest=item.baseline_digest,
                dataset_digest=item.dataset_digest,
                manifest=plan.outputs["manifest"],
            )
        judge(
            inputs,
            merge_shards(shards=dsl.Collected(candidate.outputs["evaluation"])).outputs["evaluation"],
            merge_shards(shards=dsl.Collected(champion.outputs["evaluation"])).outputs["evaluation"],
            name="sharded-post-training",
            dataset=dataset,
            reference=reference,
            tracking_uri=tracking_uri,
            experiment=experiment,
            registered_model=registered_model,
            alias=alias,
            parent_run=parent_run,
        )

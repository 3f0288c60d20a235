"""The pipeline ``edge_case_mining``: from a model's failures to the next batch to label."""

from kfp import dsl

from seatrial_components.embed import embed
from seatrial_components.evaluate_model import evaluate_model
from seatrial_components.explain_errors import explain_errors
from seatrial_components.find_blind_spots import find_blind_spots
from seatrial_components.mine_edge_cases import mine_edge_cases
from seatrial_components.publish_edge_cases import publish_edge_cases
from seatrial_pipelines.judgement import uncached

__all__ = ["edge_case_mining"]


@dsl.pipeline(name="edge-case-mining")
def edge_case_mining(
    model: str,
    dataset: str,
    pool: str,
    train: str = "",
    options: str = "",
    task: str = "",
    core: str = "",
    size: int = 100,
    groups: str = "",
    where: str = "",
    uncertainty: float = 0.1,
    diversity: float = 0.1,
    appearance: float = 0.25,
    export: str = "csv,coco,label-studio,cvat",
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
    model_digest: str = "",
    dataset_digest: str = "",
) -> None:
    """Find what a model fails on and where it looks then, and the images of a pool that are like that.

    Args:
        model: URI of the model: `runs:/`, `models:/`, or a file.
        dataset: Specification of labelled data, e.g. `images:s3://bucket/val`.
        pool: Specification of the unlabelled images, e.g. `images:s3://bucket/pool`.
        train: Specification of the data that the model was trained on; empty for none: what is in it is left
            out of the batch, and it is evidence for causes.
        options: JSON object of model options.
        task: `classification`, `detection` or `segmentation`; empty for what the data set's truth is for.
        core: Where the model ought to look: `coco:core.json`, `masks:core` or `column:NAME`; empty for the
            truth of a detection or segmentation. What lies beside it is evidence for spurious correlations.
        size: Images to choose.
        groups: Groups of failures to mine for, a line each, e.g. `blind-spot-1`; empty for all.
        where: Predicate: only failures among these samples, e.g. `light == 'night'`; empty for all.
        uncertainty: Weight of how unsure the model is, in [0, 1].
        diversity: Weight of being unlike what is chosen already, in [0, 1].
        appearance: Weight of brightness, contrast, sharpness … beside the model's vectors, in [0, 1].
        export: Formats of the queue, joined by commas.
        tracking_uri: MLflow server; empty keeps the environment's; where none is named nothing is recorded.
        experiment: Experiment, for a run without a parent.
        parent_run: Run that the batch's run is nested under.
        model_digest: Digest of the model's content; only part of the cache key.
        dataset_digest: Digest of the labelled data's content; only part of the cache key.
    """
    evaluated = evaluate_model(
        model=model,
        dataset=dataset,
        task=task,
        options=options,
        tracking_uri=tracking_uri,
        model_digest=model_digest,
        dataset_digest=dataset_digest,
    ).outputs["evaluation"]
    # training data and pools grow below one address: what was seen there yesterday is not all of it
    trained = uncached(
        evaluate_model(model=model, dataset=train, task=task, options=options, tracking_uri=tracking_uri)
    ).outputs["evaluation"]
    vectors = uncached(
        embed(
            model=model, dataset=pool, like=evaluated, options=options, task=task, tracking_uri=tracking_uri
        )
    ).outputs["embeddings"]
    looks = explain_errors(
        evaluation=evaluated,
        model=model,
        dataset=dataset,
        core=core,
        options=options,
        tracking_uri=tracking_uri,
        model_digest=model_digest,
        dataset_digest=dataset_digest,
    ).outputs["explanations"]
    spots = find_blind_spots(evaluation=evaluated, train=trained, explanations=looks).outputs["blind_spots"]
    mined = uncached(
        mine_edge_cases(
            evaluation=evaluated,
            pool=vectors,
            blind_spots=spots,
            train=trained,
            size=size,
            groups=groups,
            where=where,
            uncertainty=uncertainty,
            diversity=diversity,
            appearance=appearance,
            export=export,
        )
    ).outputs["edge_cases"]
    uncached(
        publish_edge_cases(
            edge_cases=mined,
            blind_spots=spots,
            explanations=looks,
            tracking_uri=tracking_uri,
            experiment=experiment,
            parent_run=parent_run,
            pipeline_run=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
            pipeline_name="edge-case-mining",
        )
    )

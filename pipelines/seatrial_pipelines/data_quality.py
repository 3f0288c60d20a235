"""The pipeline ``data_quality``: are data fit to train and to judge on? It stands alone, before any model."""

from kfp import dsl

from seatrial_components.check_data import check_data
from seatrial_components.judge_data import judge_data
from seatrial_components.publish_quality import publish_quality
from seatrial_pipelines.judgement import uncached

__all__ = ["data_quality"]


@dsl.pipeline(name="data-quality")
def data_quality(
    dataset: str,
    reference: str = "",
    suite: str = "",
    policy: str = "",
    export: str = "",
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
) -> None:
    """Check data before anything is trained on them, record what was found, and refuse what a policy refuses.

    Args:
        dataset: Specification of the data, e.g. `images:s3://bucket/train`.
        reference: Specification of what they are held against, e.g. the data of the last training; empty for
            none.
        suite: Text of a Great Expectations suite, as `seatrial propose-expectations` writes it; empty for one
            that is proposed.
        policy: Text of a policy; the run fails where its data rules refuse the data; empty refuses nothing.
        export: Formats in which what is to be fixed is written: `csv,coco,label-studio,cvat`; empty: none.
        tracking_uri: MLflow server; empty keeps the environment's; where none is named nothing is recorded.
        experiment: Experiment, for a run without a parent.
        parent_run: Run that the data's run is nested under.
    """
    # images may change below one address: what was found yesterday is no answer today
    quality = uncached(check_data(dataset=dataset, reference=reference, suite=suite, export=export)).outputs[
        "quality"
    ]
    published = uncached(
        publish_quality(
            quality=quality,
            dataset=dataset,
            tracking_uri=tracking_uri,
            experiment=experiment,
            parent_run=parent_run,
            pipeline_run=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
            pipeline_name="data-quality",
        )
    )
    uncached(judge_data(quality=quality, policy=policy)).after(published)

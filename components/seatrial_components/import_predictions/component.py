"""Component ``import_predictions``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["import_predictions"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def import_predictions(
    predictions: dsl.Input[dsl.Dataset],
    dataset: str,
    evaluation: dsl.Output[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
    name: str = "",
    dataset_digest: str = "",
) -> None:
    """Turn predictions that some other program made into an evaluation.

    Use it in place of `evaluate_model` where the model cannot run here.

    Args:
        predictions: Parquet or CSV file of predictions by sample id.
        dataset: Specification of the data that was predicted.
        evaluation: The evaluation: Parquet files and `evaluation.json`.
        metrics: Images, failed images, accuracy.
        name: What reports call the model; empty takes the file's name.
        dataset_digest: Digest of the data's content; only part of the cache key.
    """
    from pathlib import Path

    from seatrial.steps import import_predictions as step
    from seatrial_components.display import show_evaluation

    table = step.run(predictions.path, dataset, Path(evaluation.path), name=name or None)
    show_evaluation(table, metrics)

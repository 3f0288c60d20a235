"""Component ``check_data``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["check_data"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def check_data(
    dataset: str,
    evaluation: dsl.Input[dsl.Dataset],
    quality: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    reference: str = "",
    dataset_digest: str = "",
    reference_digest: str = "",
) -> None:
    """Check the data that a model is judged on.

    Finds broken, dark, light and blurred images, exact duplicates, lopsided classes, rows that break
    expectations, and drift against the reference data. Each finding can be judged by a rule of the policy.

    Args:
        dataset: Specification of the evaluation data.
        evaluation: The candidate's evaluation; its image attributes are used again.
        quality: The findings: `quality.json`, `findings.parquet` and the pages of the tools behind them.
        metrics: Findings of each check, and how many checks crashed.
        reference: Specification of the reference data (training data); empty for none.
        dataset_digest: Digest of the data's content; only part of the cache key.
        reference_digest: Digest of the reference data's content; only part of the cache key.
    """
    from pathlib import Path

    from seatrial.steps import check_data as step
    from seatrial_components.display import show_quality

    report = step.run(
        dataset, Path(quality.path), reference=reference or None, evaluation=Path(evaluation.path)
    )
    show_quality(report, metrics)

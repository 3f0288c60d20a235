"""Component ``measure_slices``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["measure_slices"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def measure_slices(
    evaluation: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Dataset],
    policy_file: dsl.Input[dsl.Artifact],
    slices: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    confusion: dsl.Output[dsl.ClassificationMetrics],
    ledger: str = "",
    explanations: dsl.Input[dsl.Artifact] = None,
    baseline_explanations: dsl.Input[dsl.Artifact] = None,
) -> None:
    """Measure every metric on every slice, for the candidate, the champion and their paired difference.

    Args:
        evaluation: The candidate's evaluation.
        baseline: The champion's evaluation, on the same data; one that says that there is no champion
            is allowed.
        policy_file: The policy, which names the slices and the statistics.
        slices: The measurements: `slice_report.json`, `slice_report.parquet`, `confusion.parquet`.
        metrics: The metrics of the slice of everything.
        confusion: The candidate's confusion matrix; of a model with two classes the ROC curve as well.
        ledger: Where uses of data sets are counted, `mlflow:` and the tracking server; a policy with
            `dataset.max_uses` needs it. With one, never cache the step.
        explanations: The candidate's explanations; with them `off_core` is measured.
        baseline_explanations: The champion's; ones that say that there is no champion are allowed.
    """
    from pathlib import Path

    from seatrial.steps import measure_slices as step
    from seatrial_components.display import show_slices
    from seatrial_components.evaluation import evaluated
    from seatrial_components.explanation import explained

    report = step.run(
        Path(evaluation.path),
        Path(slices.path),
        baseline=evaluated(baseline.path),
        policy=Path(policy_file.path),
        ledger=ledger or None,
        explanations=explained(explanations),
        baseline_explanations=explained(baseline_explanations),
    )
    show_slices(report, metrics, confusion, evaluation.path)

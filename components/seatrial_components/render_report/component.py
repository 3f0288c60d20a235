"""Component ``render_report``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["render_report"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def render_report(
    evaluation: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Dataset],
    slices: dsl.Input[dsl.Artifact],
    verdict: dsl.Input[dsl.Artifact],
    quality: dsl.Input[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    figures: dsl.Output[dsl.Artifact],
    blind_spots: dsl.Input[dsl.Artifact] = None,
    explanations: dsl.Input[dsl.Artifact] = None,
    edge_cases: dsl.Input[dsl.Artifact] = None,
) -> None:
    """Write one HTML page that needs nothing beside it.

    Args:
        evaluation: The candidate's evaluation.
        baseline: The champion's evaluation; one that says that there is no champion is allowed.
        slices: The measurements.
        verdict: The verdict.
        quality: The findings of the data checks.
        report: The page.
        figures: The main figures as PNG.
        blind_spots: The groups that fail.
        explanations: Where the candidate looks, for the pictures.
        edge_cases: The next batch to label.
    """
    from pathlib import Path

    from seatrial.steps import render_report as step
    from seatrial_components.evaluation import evaluated
    from seatrial_components.explanation import explained

    step.run(
        Path(report.path),
        evaluation=Path(evaluation.path),
        slices=Path(slices.path),
        verdict=Path(verdict.path),
        quality=Path(quality.path),
        baseline=evaluated(baseline.path),
        blind_spots=explained(blind_spots),
        explanations=explained(explanations),
        edge_cases=explained(edge_cases),
        figures=Path(figures.path),
    )

"""Component ``decide_promotion``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["decide_promotion"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def decide_promotion(
    policy_file: dsl.Input[dsl.Artifact],
    slices: dsl.Input[dsl.Artifact],
    quality: dsl.Input[dsl.Artifact],
    verdict: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    summary: dsl.Output[dsl.Markdown],
    ledger: str = "",
) -> str:
    """Judge a policy on the measurements and the findings.

    Succeeds whatever the outcome, because a failed task keeps only its log: promote inside
    `dsl.If(decided.outputs["Output"] == "pass")`, and let `enforce` fail the run at its end. Never cache
    it: waivers expire by the day.

    Args:
        policy_file: The policy.
        slices: The measurements.
        quality: The findings of the data checks.
        verdict: The verdict: `verdict.json`, `verdict.md`, `junit.xml`.
        metrics: Decisions by outcome.
        summary: The verdict for people.
        ledger: Where uses of data sets are counted, as in `measure_slices`.

    Returns:
        The outcome: `pass`, `fail`, `inconclusive` or `error`.
    """
    from pathlib import Path

    from seatrial.steps import decide_promotion as step
    from seatrial_components.display import show_verdict

    judged = step.run(
        Path(policy_file.path),
        Path(slices.path),
        Path(verdict.path),
        quality=Path(quality.path),
        ledger=ledger or None,
    )
    return show_verdict(judged, verdict.path, metrics, summary)

"""The pipeline ``post_training``: from a trained model to a promoted or a refused one."""

from typing import Any

from kfp import dsl

from seatrial_components.check_data import check_data
from seatrial_components.decide_promotion import decide_promotion
from seatrial_components.enforce import enforce
from seatrial_components.evaluate_model import evaluate_model
from seatrial_components.measure_slices import measure_slices
from seatrial_components.promote_model import promote_model
from seatrial_components.publish_run import publish_run
from seatrial_components.render_report import render_report
from seatrial_components.resolve_inputs import resolve_inputs

__all__ = ["post_training"]


def _uncached(task: Any) -> Any:
    return task.set_caching_options(enable_caching=False)


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
    """
    # everything that judges or writes runs every time: its inputs are more than its parameters
    inputs = _uncached(
        resolve_inputs(
            model=model,
            dataset=dataset,
            policy=policy,
            baseline=baseline,
            reference=reference,
            tracking_uri=tracking_uri,
        )
    ).outputs
    candidate = evaluate_model(
        model=inputs["model"],
        dataset=dataset,
        options=model_options,
        tracking_uri=tracking_uri,
        model_digest=inputs["model_digest"],
        dataset_digest=inputs["dataset_digest"],
    ).outputs["evaluation"]
    champion = evaluate_model(
        model=inputs["baseline"],
        dataset=dataset,
        options=baseline_options,
        tracking_uri=tracking_uri,
        model_digest=inputs["baseline_digest"],
        dataset_digest=inputs["dataset_digest"],
    ).outputs["evaluation"]
    quality = check_data(
        dataset=dataset,
        evaluation=candidate,
        reference=reference,
        dataset_digest=inputs["dataset_digest"],
        reference_digest=inputs["reference_digest"],
    ).outputs["quality"]
    ledger = f"mlflow:{tracking_uri}"  # how often the data set has judged changes from run to run
    slices = _uncached(
        measure_slices(
            evaluation=candidate, baseline=champion, policy_file=inputs["policy_file"], ledger=ledger
        )
    ).outputs["slices"]
    decided = _uncached(
        decide_promotion(policy_file=inputs["policy_file"], slices=slices, quality=quality, ledger=ledger)
    )
    verdict = decided.outputs["verdict"]
    report = render_report(
        evaluation=candidate, baseline=champion, slices=slices, verdict=verdict, quality=quality
    ).outputs["report"]
    published = _uncached(
        publish_run(
            verdict=verdict,
            slices=slices,
            quality=quality,
            report=report,
            evaluation=candidate,
            policy_file=inputs["policy_file"],
            dataset=dataset,
            tracking_uri=tracking_uri,
            experiment=experiment,
            parent_run=parent_run,
        )
    )
    # the condition reads the single output by its default name: kfp's local runner knows no other there
    with dsl.If(decided.outputs["Output"] == "pass", name="verdict is pass"):
        _uncached(
            promote_model(
                verdict=verdict,
                run_id=published.outputs["run_id"],
                registered_model=registered_model,
                alias=alias,
                tracking_uri=tracking_uri,
            )
        )
    _uncached(enforce(verdict=verdict)).after(published)

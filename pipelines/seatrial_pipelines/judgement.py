"""What follows an evaluation, whoever made it: the tasks that the pipelines which judge a model share."""

from typing import Any

from kfp import dsl

from seatrial_components.check_data import check_data
from seatrial_components.decide_promotion import decide_promotion
from seatrial_components.enforce import enforce
from seatrial_components.find_blind_spots import find_blind_spots
from seatrial_components.measure_slices import measure_slices
from seatrial_components.notify import notify
from seatrial_components.promote_model import promote_model
from seatrial_components.publish_run import publish_run
from seatrial_components.render_report import render_report
from seatrial_components.resolve_inputs import resolve_inputs

__all__ = ["judge", "promote", "resolve", "told_at_the_end", "uncached"]


def uncached(task: Any) -> Any:
    """Let a task run every time: its inputs are more than its parameters."""
    return task.set_caching_options(enable_caching=False)


def told_at_the_end(tracking_uri: Any, evaluation_run: Any = "") -> dsl.ExitHandler:
    """Give the block whose end people are told of, however it ends.

    Args:
        tracking_uri: MLflow server.
        evaluation_run: The evaluation run, where the block publishes none of its own.
    """
    told = notify(
        pipeline_run=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        evaluation_run=evaluation_run,
        tracking_uri=tracking_uri,
    )
    return dsl.ExitHandler(uncached(told), name="judge")


def resolve(
    *, model: Any, dataset: Any, policy: Any, baseline: Any, reference: Any, tracking_uri: Any
) -> dict[str, Any]:
    """Add the task that pins what is judged; gives its outputs."""
    task = uncached(
        resolve_inputs(
            model=model,
            dataset=dataset,
            policy=policy,
            baseline=baseline,
            reference=reference,
            tracking_uri=tracking_uri,
        )
    )
    return dict(task.outputs)


def judge(
    inputs: dict[str, Any],
    candidate: Any,
    champion: Any,
    *,
    name: str,
    dataset: Any,
    reference: Any,
    tracking_uri: Any,
    experiment: Any,
    registered_model: Any,
    alias: Any,
    parent_run: Any,
) -> None:
    """Add the tasks from two evaluations to a promotion or a refusal; the last one fails what is refused.

    Args:
        inputs: Outputs of ``resolve_inputs``.
        candidate: The candidate's evaluation.
        champion: The champion's evaluation; one that says that there is none is allowed.
        name: The pipeline's name.
        dataset: Specification of the evaluation data.
        reference: Specification of the reference data.
        tracking_uri: MLflow server.
        experiment: Experiment, for an evaluation run without a parent.
        registered_model: Registered model whose alias moves after a pass.
        alias: The alias that moves.
        parent_run: Training run that the evaluation run is nested under.
    """
    quality = check_data(
        dataset=dataset,
        evaluation=candidate,
        reference=reference,
        dataset_digest=inputs["dataset_digest"],
        reference_digest=inputs["reference_digest"],
    ).outputs["quality"]
    ledger = f"mlflow:{tracking_uri}"  # how often the data set has judged changes from run to run
    slices = uncached(
        measure_slices(
            evaluation=candidate, baseline=champion, policy_file=inputs["policy_file"], ledger=ledger
        )
    ).outputs["slices"]
    decided = uncached(
        decide_promotion(policy_file=inputs["policy_file"], slices=slices, quality=quality, ledger=ledger)
    )
    verdict = decided.outputs["verdict"]
    blind_spots = find_blind_spots(evaluation=candidate, baseline=champion).outputs["blind_spots"]
    shown = render_report(
        evaluation=candidate,
        baseline=champion,
        slices=slices,
        verdict=verdict,
        quality=quality,
        blind_spots=blind_spots,
    )
    published = uncached(
        publish_run(
            verdict=verdict,
            slices=slices,
            quality=quality,
            report=shown.outputs["report"],
            evaluation=candidate,
            policy_file=inputs["policy_file"],
            blind_spots=blind_spots,
            figures=shown.outputs["figures"],
            dataset=dataset,
            tracking_uri=tracking_uri,
            experiment=experiment,
            parent_run=parent_run,
            pipeline_run=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
            pipeline_name=name,
        )
    )
    promoted_to = {"registered_model": registered_model, "alias": alias, "tracking_uri": tracking_uri}
    promote(decided, published.outputs["run_id"], **promoted_to)
    uncached(enforce(verdict=verdict)).after(published)


def promote(judged: Any, run_id: Any, **promoted_to: Any) -> None:
    """Add the task that moves an alias if the verdict is a pass.

    Args:
        judged: A task with an artifact ``verdict`` that returns the outcome. The condition reads the single
            output by its default name: kfp's local runner knows no other there.
        run_id: The evaluation run.
        promoted_to: ``registered_model``, ``alias`` and ``tracking_uri``.
    """
    with dsl.If(judged.outputs["Output"] == "pass", name="verdict is pass"):
        uncached(promote_model(verdict=judged.outputs["verdict"], run_id=run_id, **promoted_to))

"""Component ``find_blind_spots``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["find_blind_spots"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def find_blind_spots(
    evaluation: dsl.Input[dsl.Dataset],
    blind_spots: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    page: dsl.Output[dsl.Markdown],
    train: dsl.Input[dsl.Dataset] = None,
    baseline: dsl.Input[dsl.Dataset] = None,
    embeddings: dsl.Input[dsl.Artifact] = None,
    explanations: dsl.Input[dsl.Artifact] = None,
    order: int = 3,
    support: int = 0,
    most: int = 10,
    alpha: float = 0.05,
    score: float = 0.5,
    low_iou: float = -1.0,
    group: str = "",
    seed: int = 7,
) -> None:
    """Find the groups on which a model fails, and which attributes matter.

    Searches every conjunction of attribute values, and clusters of embeddings that are mistaken in the same
    way, on one half of the samples; the other half confirms. Beside them stand the cells of the confusion.

    Args:
        evaluation: The model's evaluation.
        blind_spots: What was found: `blind_spots.json`, `blind_spots.md`, `proposed_slices.yaml`,
            `causes.parquet`, `groups.parquet`.
        metrics: Errors, confirmed groups, and the share of the errors in them.
        page: The groups, for people.
        train: The same model's evaluation of its training data, with embeddings: evidence for causes.
        baseline: Another model's evaluation of the same data: what was fixed and broken, as groups; one that
            says that there is no model is allowed.
        embeddings: Embeddings by another model; without them, those of the evaluation.
        explanations: What `explain_errors` wrote: evidence for spurious correlations.
        order: Most attributes that describe a group, 1 to 4.
        support: Fewest samples of a group in the searched half; 0 for a hundredth, ten at least.
        most: Candidates to confirm, of attributes and of embeddings each.
        alpha: Level at which groups are confirmed, corrected for all that are tried.
        score: Detection: least score of a prediction.
        low_iou: Segmentation: images of a lower mean IoU fail; negative for the worst fifth.
        group: Column whose samples belong together; empty for `group`.
        seed: Of the halves and of what is drawn.
    """
    from pathlib import Path

    from seatrial.mining.blind_spots import SearchOptions
    from seatrial.steps import find_blind_spots as step
    from seatrial_components.display import show_blind_spots
    from seatrial_components.explanation import explained

    report = step.run(
        Path(evaluation.path),
        Path(blind_spots.path),
        train=explained(train),
        baseline=explained(baseline),
        embeddings=explained(embeddings),
        explanations=explained(explanations),
        options=SearchOptions.of(
            alpha=alpha,
            seed=seed,
            most=most,
            order=order,
            support=support or None,
            score=score,
            group=group or None,
            low_iou=low_iou if low_iou >= 0 else None,
        ),
    )
    show_blind_spots(report, metrics, page)

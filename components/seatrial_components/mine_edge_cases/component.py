"""Component ``mine_edge_cases``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["mine_edge_cases"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def mine_edge_cases(
    evaluation: dsl.Input[dsl.Dataset],
    pool: dsl.Input[dsl.Artifact],
    edge_cases: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    page: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    blind_spots: dsl.Input[dsl.Artifact] = None,
    train: dsl.Input[dsl.Dataset] = None,
    pool_embeddings: dsl.Input[dsl.Artifact] = None,
    embeddings: dsl.Input[dsl.Artifact] = None,
    size: int = 100,
    groups: str = "",
    where: str = "",
    uncertainty: float = 0.1,
    diversity: float = 0.1,
    appearance: float = 0.25,
    near: float = 0.02,
    export: str = "csv,coco,label-studio,cvat",
) -> None:
    """Choose what to label next: unlabelled images that are like what the model fails on.

    Every group of failures has seats. What is labelled already, or shows what another shows, is left out, and
    each image says why it was chosen.

    Args:
        evaluation: The model's evaluation of labelled data.
        pool: What `embed` wrote of the pool, by the same model; or its evaluation, which proposes objects.
        edge_cases: `labelling_queue.parquet` and its exports, `edge_cases.html`, `left_out.parquet`,
            `proposed_scenarios.yaml`, `next_steps.md`, `mining.json`.
        metrics: Failures, groups, images chosen and left out.
        page: The pictures, by group.
        summary: What was chosen, and what to do next.
        blind_spots: Groups of failures, of `find_blind_spots`; without them the confusion cells.
        train: The same model's evaluation of its training data: what it has seen is left out.
        pool_embeddings: Vectors of the pool by another model, or of its objects.
        embeddings: Vectors of the evaluated images, or objects, by that same model.
        size: Images to choose.
        groups: Groups of failures to mine for, a line each; empty for all.
        where: Predicate: only failures among these samples; empty for all.
        uncertainty: Weight of how unsure the model is, in [0, 1].
        diversity: Weight of being unlike what is chosen already, in [0, 1].
        appearance: Weight of brightness, contrast, sharpness … beside the model's vectors, in [0, 1].
        near: Cosine distance up to which two images that look the same count as one.
        export: Formats of the queue, joined by commas.
    """
    from seatrial_components.edge_cases import mine
    from seatrial_components.explanation import explained

    mine(
        evaluation.path,
        pool.path,
        edge_cases.path,
        blind_spots=explained(blind_spots),
        train=explained(train),
        pool_embeddings=explained(pool_embeddings),
        embeddings=explained(embeddings),
        groups=groups,
        where=where,
        chosen=(size, uncertainty, diversity, appearance, near),
        export=export,
        shown=(metrics, page, summary),
    )

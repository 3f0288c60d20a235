"""Component ``explain_errors``."""

from kfp import dsl

from seatrial_components.image import EVALUATION_IMAGE

__all__ = ["explain_errors"]


@dsl.component(base_image=EVALUATION_IMAGE, install_kfp_package=False)
def explain_errors(
    evaluation: dsl.Input[dsl.Dataset],
    model: str,
    dataset: str,
    explanations: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    page: dsl.Output[dsl.HTML],
    core: str = "",
    options: str = "",
    tracking_uri: str = "",
    method: str = "auto",
    per_cell: int = 20,
    draw: int = 200,
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
    model_digest: str = "",
    dataset_digest: str = "",
) -> None:
    """Show where a model looks when it fails, and measure how much of that is beside the point.

    Explains the worst failures of each confusion cell and images drawn at random: saliency maps, the share of
    them outside of the core, and what blanking does to the truth's probability. The measurements become the
    metric `off_core` in `measure_slices`. Without a model (an empty URI) it writes down that there is none.

    Args:
        evaluation: The model's evaluation of the data.
        model: URI of the model; empty for none.
        dataset: Specification of the data that it was evaluated on.
        explanations: The explanations: `explanations.parquet`, `confusion_cells.json`, sheets of pictures.
        metrics: Explanations, and the mean share of the saliency outside of the core.
        page: The confusion cells with their pictures.
        core: Where the model ought to look: `coco:core.json`, `masks:core` or `column:NAME`; empty for the
            truth of a detection or segmentation.
        options: JSON object of model options; empty for the defaults.
        tracking_uri: MLflow server that `runs:/` and `models:/` refer to; empty keeps the environment's.
        method: `auto`, `activation`, `gradient` or `occlusion`.
        per_cell: Worst failures of each confusion cell that are explained.
        draw: Images drawn at random; -1 for all.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        batch_size: Images at once to begin with; 0 chooses by the device.
        workers: Threads that decode images; 0 chooses by the number of cores.
        model_digest: Digest of the model's content; only part of the cache key.
        dataset_digest: Digest of the data's content; only part of the cache key.
    """
    from seatrial_components.display import show_explanations
    from seatrial_components.explanation import explain

    found = explain(
        evaluation.path,
        model,
        dataset,
        explanations.path,
        core=core,
        options=options,
        tracking_uri=tracking_uri,
        method=method,
        per_cell=per_cell,
        draw=draw,
        device=device,
        batch_size=batch_size,
        workers=workers,
    )
    show_explanations(found, explanations.path, metrics, page)

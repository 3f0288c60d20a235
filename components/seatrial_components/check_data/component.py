"""Component ``check_data``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["check_data"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def check_data(
    dataset: str,
    quality: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    page: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    evaluation: dsl.Input[dsl.Dataset] = None,
    reference: str = "",
    suite: str = "",
    export: str = "",
    dataset_digest: str = "",
    reference_digest: str = "",
) -> None:
    """Check the data that a model is trained or judged on.

    Finds broken, dark, light and blurred images, duplicates and leaks, doubtful labels, lopsided classes,
    rows that break expectations, and drift against the reference data. Each finding can be judged by a rule
    of the policy.

    Args:
        dataset: Specification of the data.
        evaluation: The candidate's evaluation: what the model said of the data tells more of them; absent
            where there is no model yet.
        quality: The findings: `quality.json`, `findings.parquet`, pages of the tools behind them, exports.
        metrics: Findings of each check, and how many checks crashed.
        page: The findings for people, with pictures.
        summary: The findings in a few lines.
        reference: Specification of the reference data (training data); empty for none.
        suite: Text of a Great Expectations suite; empty for the proposed one.
        export: Formats in which what is to be fixed is written into `quality`, e.g. `csv,coco`; empty: none.
        dataset_digest: Digest of the data's content; only part of the cache key.
        reference_digest: Digest of the reference data's content; only part of the cache key.
    """
    from seatrial_components.data_quality import check

    check(
        dataset,
        quality.path,
        evaluation=evaluation and evaluation.path,
        reference=reference,
        suite=suite,
        export=export,
        shown=(metrics, page, summary),
    )

"""The names of the components."""

__all__ = ["COMPONENTS"]

#: Every component, in the order of a pipeline.
COMPONENTS = (
    "resolve_inputs",
    "plan_shards",
    "evaluate_model",
    "evaluate_on_trainjob",
    "import_predictions",
    "merge_shards",
    "check_data",
    "explain_errors",
    "embed",
    "find_blind_spots",
    "mine_edge_cases",
    "measure_slices",
    "decide_promotion",
    "render_report",
    "publish_run",
    "publish_quality",
    "publish_edge_cases",
    "fetch_verdict",
    "promote_model",
    "enforce",
    "judge_data",
    "notify",
)

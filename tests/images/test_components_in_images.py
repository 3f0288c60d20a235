"""Every component runs in its image without rights, a writable root, a way out: refused, then promoted."""

import json
import re

import pytest

from seatrial_components.names import COMPONENTS

POLICY = """\
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: skip}
statistics: {replicates: 100}
defaults: {min_n: 10}
slices:
  site: {by: [site]}
rules:
  - {id: floor, type: min, metric: accuracy, slice: site, value: 0.7, severity: block}
  - {id: sites, type: no_regression, metric: accuracy, slice: site, severity: block}
  - {id: whole, type: data, check: broken, max_count: 0, severity: block}
"""
JUDGED = {
    *("resolve_inputs", "evaluate_model", "check_data", "measure_slices", "decide_promotion"),
    *("render_report", "publish_run", "enforce", "notify"),
}


def components_of(log: str) -> set[str]:
    """Give the components whose tasks were executed, as kfp's log names them."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    tasks = re.findall(r"Task '([\w-]+)' finished with status SUCCESS", plain)
    return {re.sub(r"-\d+$", "", one).replace("-", "_") for one in tasks} & set(COMPONENTS)


def verdict_of(root) -> dict:
    (found,) = root.glob("**/decide-promotion/verdict/verdict.json")
    return json.loads(found.read_text())


@pytest.fixture(scope="module")
def judge(case):
    """Run ``post_training`` on one of the models."""

    def judge(model: str, pipeline: str = "post_training", **more):
        code, log, root = case.pipeline(
            f"seatrial_pipelines.{pipeline}:{pipeline}",
            model=case.models[model],
            dataset="table:/data/val.csv",
            policy=POLICY,
            baseline="models:/panels@champion",
            tracking_uri=case.environment["MLFLOW_TRACKING_URI"],
            registered_model="panels",
            **more,
        )
        case.ran.update(components_of(log))
        return code, log, root

    return judge


@pytest.fixture(scope="module")
def refused(judge):
    return judge("tinted")


@pytest.fixture(scope="module")
def promoted(judge, refused):
    return judge("sound")


def champion(case) -> str:
    code = (
        "import mlflow; print(mlflow.MlflowClient().get_model_version_by_alias('panels', 'champion').version)"
    )
    return case.shell(case.images.slim, "python3", "-c", code)


def test_a_model_that_fails_at_a_site_is_refused(refused, case):
    code, log, root = refused
    assert verdict_of(root)["outcome"] == "fail", log[-3000:]
    assert code != 0
    assert "promote-model" not in log
    assert components_of(log) >= JUDGED - {"enforce"}
    with pytest.raises(AssertionError, match="RESOURCE_DOES_NOT_EXIST|not found"):
        champion(case)


def test_a_sound_model_is_promoted(promoted, case):
    code, log, root = promoted
    assert code == 0, log[-6000:]
    assert verdict_of(root)["outcome"] == "pass"
    assert components_of(log) >= {*JUDGED, "promote_model"}
    assert champion(case).strip().endswith("1")


def test_what_runs_no_model_runs_in_the_image_without_pytorch(promoted, case):
    used = re.findall(r"Image '([^']+)'", promoted[1])
    assert set(used) == {case.images.slim, case.images.evaluation}
    assert used.count(case.images.evaluation) == 2


def test_registry_refuses_a_version_without_a_verdict(promoted, case):
    code = (
        f"import mlflow; version = mlflow.register_model('{case.models['tinted']}', 'panels').version; "
        "mlflow.MlflowClient().set_registered_model_alias('panels', 'champion', version)"
    )
    with pytest.raises(AssertionError, match="PERMISSION_DENIED.*no signed verdict"):
        case.shell(case.images.slim, "python3", "-c", code)
    assert champion(case).strip().endswith("1")


def test_sharded_pipeline_runs(promoted, judge):
    code, log, root = judge("sound", "sharded_post_training", shards=2)
    assert verdict_of(root)["outcome"] == "pass", log[-6000:]
    assert code == 0, log[-6000:]
    assert components_of(log) >= {"plan_shards", "merge_shards"}


def test_verdict_of_before_is_promoted(promoted, case):
    (output,) = promoted[2].glob("*/publish-run/executor_output.json")
    published = json.loads(output.read_text())["parameterValues"]["run_id"]
    code, log, _ = case.pipeline(
        "seatrial_pipelines.promotion_only:promotion_only",
        evaluation_run=published,
        registered_model="panels",
        tracking_uri=case.environment["MLFLOW_TRACKING_URI"],
    )
    assert code == 0, log[-6000:]
    case.ran.update(components_of(log))
    assert "fetch_verdict" in components_of(log)


def test_data_are_judged_without_a_model(case):
    code, log, _ = case.pipeline(
        "seatrial_pipelines.data_quality:data_quality",
        dataset="table:/data/val.csv",
        policy=POLICY,
        tracking_uri=case.environment["MLFLOW_TRACKING_URI"],
    )
    assert code == 0, log[-6000:]
    case.ran.update(components_of(log))


def test_edge_cases_are_mined_from_a_pool(case):
    code, log, _ = case.pipeline(
        "seatrial_pipelines.edge_case_mining:edge_case_mining",
        model=case.models["tinted"],
        dataset="table:/data/val.csv",
        pool="images:/data/pool",
        size=6,
        tracking_uri=case.environment["MLFLOW_TRACKING_URI"],
    )
    assert code == 0, log[-6000:]
    case.ran.update(components_of(log))
    assert components_of(log) >= {"embed", "find_blind_spots", "mine_edge_cases", "publish_edge_cases"}


def test_a_job_on_several_machines_needs_a_cluster(case):
    """There is none here; the component comes as far as asking for it."""
    code, log, _ = case.pipeline(
        "single:alone",
        component="evaluate_on_trainjob",
        artifacts={},
        parameters={
            "model": case.models["sound"],
            "dataset": "table:/data/val.csv",
            "results": "s3://mlpipeline/results",
            "image": case.images.evaluation,
        },
    )
    assert code != 0
    assert "ServiceError" in log or "InputError" in log, log[-6000:]
    assert "ModuleNotFoundError" not in log
    case.ran.add("evaluate_on_trainjob")


#: Components that no pipeline above runs: artifacts of the promoted run, and parameters.
ALONE = {
    "import_predictions": ({"predictions": "/data/predictions.csv"}, {"dataset": "table:/data/val.csv"}),
    "explain_errors": (
        {"evaluation": "evaluate-model/evaluation"},
        {"model": "sound", "dataset": "table:/data/val.csv"},
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_component_runs_alone(name, promoted, case):
    artifacts, parameters = ALONE[name]
    found = {key: _artifact(promoted[2], path) for key, path in artifacts.items()}
    parameters = {key: case.models.get(value, value) for key, value in parameters.items()}
    code, log, _ = case.pipeline("single:alone", component=name, artifacts=found, parameters=parameters)
    assert code == 0, log[-6000:]
    case.ran.update(components_of(log))


def _artifact(root, path: str) -> str:
    """Give the path of ``task/output`` in a run; an absolute path stays."""
    if path.startswith("/"):
        return path
    (found,) = root.glob(f"*/{path}")
    return str(found)


def test_no_component_is_left_out(case):
    assert set(COMPONENTS) - case.ran == set(), "write a case for it"

"""What the pods of a task get: its own, over everybody's, over Seatrial's defaults."""

import pytest
import yaml
from kfp import compiler, components
from pydantic import ValidationError

from seatrial_components.resources import Cluster, Resources, on_cluster
from seatrial_pipelines.promotion_only import promotion_only


def _resources(**fields) -> Resources:
    return Resources.model_validate(fields)


def test_own_goes_before_everybodys_and_that_before_the_defaults():
    cluster = Cluster(every=_resources(memory="2Gi", cpu=3), tasks={"evaluate_model": _resources(cpu=16)})
    found = cluster.resources("evaluate_model")
    assert (found.cpu, found.memory, found.retries) == ("16", "2Gi", 2)
    assert cluster.resources("enforce").cpu == "3"


def test_mappings_are_joined():
    under, over = _resources(environment={"A": "1", "B": "1"}), _resources(environment={"B": "2"})
    assert over.over(under).environment == {"A": "1", "B": "2"}


def test_zero_that_was_said_is_not_taken_for_silence():
    cluster = Cluster(tasks={"evaluate_model": _resources(retries=0)})
    assert cluster.resources("evaluate_model").retries == 0


def test_pod_of_every_component_has_limits_by_default():
    found = Cluster().resources("some_new_component")
    assert found.cpu
    assert found.memory
    assert found.timeout


@pytest.mark.parametrize(
    "fields",
    [
        {"cpu": "many"},
        {"memory": "16GiB"},
        {"accelerators": -1},
        {"retries": 99},
        {"gpu": 1},
        {"tolerations": [{"operator": "Exists", "value": "x"}]},
        {"tolerations": [{"effect": "NoRun"}]},
        {"secrets": {"s3": "key"}},
    ],
)
def test_what_kubernetes_would_refuse_is_refused_here(fields):
    with pytest.raises(ValidationError):
        _resources(**fields)


def _compiled(cluster: Cluster, tmp_path, *, caching: bool = True) -> tuple[dict, dict]:
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(on_cluster(promotion_only, cluster, caching=caching), str(path))
    assert components.load_component_from_file(str(path))
    spec, platform = yaml.safe_load_all(path.read_text())
    return spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def test_everything_arrives_in_the_compiled_pipeline(tmp_path):
    told = _resources(
        cpu="500m",
        memory="3Gi",
        accelerator="amd.com/gpu",
        accelerators=2,
        shared_memory="8Gi",
        node_selector={"zone": "a"},
        tolerations=[{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
        timeout=60,
        retries=3,
        backoff=5,
        longest_backoff=50,
        environment={"COLOUR": "no"},
        secrets={"s3": {"AWS_ACCESS_KEY_ID": "id", "ID_TOO": "id"}},
        secret_files={"signing": "/etc/signing"},
        config_maps={"s3": {"AWS_ENDPOINT_URL": "endpoint"}},
        image_pull_secrets=["registry"],
        labels={"team": "solar"},
        annotations={"note": "x"},
    )
    spec, platform = _compiled(Cluster(tasks={"fetch_verdict": told}), tmp_path)
    pod = spec["deploymentSpec"]["executors"]["exec-fetch-verdict"]["container"]
    assert pod["resources"]["resourceCpuLimit"] == pod["resources"]["resourceCpuRequest"] == "500m"
    assert pod["resources"]["resourceMemoryLimit"] == pod["resources"]["resourceMemoryRequest"] == "3Gi"
    assert pod["resources"]["accelerator"]["resourceType"] == "amd.com/gpu"
    assert pod["env"] == [{"name": "COLOUR", "value": "no"}]
    task = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]["fetch-verdict"]
    assert task["retryPolicy"] == {
        "backoffDuration": "5s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "50s",
        "maxRetryCount": 3,
    }
    found = platform["exec-fetch-verdict"]
    assert found["activeDeadlineSeconds"] == "60"
    assert found["emptyDirMounts"][0]["sizeLimit"] == "8Gi"
    assert found["nodeSelector"]["labels"] == {"zone": "a"}
    assert found["tolerations"] == [
        {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
    ]
    assert {one["envVar"] for each in found["secretAsEnv"] for one in each["keyToEnv"]} == {
        "AWS_ACCESS_KEY_ID",
        "ID_TOO",
    }
    assert found["secretAsVolume"][0]["mountPath"] == "/etc/signing"
    assert found["configMapAsEnv"][0]["configMapName"] == "s3"
    assert found["imagePullSecret"][0]["secretName"] == "registry"
    assert found["podMetadata"] == {"labels": {"team": "solar"}, "annotations": {"note": "x"}}
    assert "emptyDirMounts" not in platform["exec-promote-model"]


def test_caching_goes_off_in_every_task_also_in_blocks(tmp_path):
    spec, _ = _compiled(Cluster(), tmp_path, caching=False)
    dags = [spec["root"], *spec["components"].values()]
    tasks = [task for one in dags if "dag" in one for task in one["dag"]["tasks"].values()]
    assert not [task for task in tasks if task.get("cachingOptions", {}).get("enableCache")]


def test_pipeline_itself_stays_as_it_was(tmp_path):
    _compiled(Cluster(), tmp_path)
    compiler.Compiler().compile(promotion_only, str(tmp_path / "plain.yaml"))
    assert "resourceCpuLimit" not in (tmp_path / "plain.yaml").read_text()

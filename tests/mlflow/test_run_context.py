"""Runs that were made in a pod of Kubeflow Pipelines say so."""

import pytest

from seatrial_mlflow import publish_run
from seatrial_mlflow.run_context import KubeflowContext, context_tags

POD = {
    "KFP_RUN_ID": "r-1",
    "KFP_PIPELINE_NAME": "post-training",
    "KFP_POD_NAME": "post-training-x7",
    "KFP_NAMESPACE": "vision",
    "SEATRIAL_IMAGE": "registry.example/seatrial:1",
}
TAGS = {
    "kubeflow.run_id": "r-1",
    "kubeflow.pipeline": "post-training",
    "kubeflow.pod": "post-training-x7",
    "kubeflow.namespace": "vision",
    "kubeflow.image": "registry.example/seatrial:1",
}


@pytest.fixture
def pod(monkeypatch):
    for name, value in POD.items():
        monkeypatch.setenv(name, value)


def test_a_pod_is_described_by_what_its_environment_names(tmp_path):
    assert context_tags(POD, tmp_path / "none") == TAGS
    assert context_tags({"KFP_POD_NAME": "p", "NAMESPACE": "n"}, tmp_path / "none") == {
        "kubeflow.pod": "p",
        "kubeflow.namespace": "n",
    }


def test_the_namespace_is_read_where_kubernetes_mounts_it(tmp_path):
    (tmp_path / "namespace").write_text("vision\n")
    assert context_tags({"KFP_RUN_ID": "r"}, tmp_path / "namespace")["kubeflow.namespace"] == "vision"


@pytest.mark.parametrize("environment", [{}, {"NAMESPACE": "n"}, {"SEATRIAL_IMAGE": "i"}, {"KFP_RUN_ID": ""}])
def test_outside_of_a_pipeline_there_are_no_tags(environment, tmp_path):
    assert context_tags(environment, tmp_path / "none") == {}


@pytest.mark.usefixtures("pod", "tracking")
def test_mlflow_s_own_runs_carry_the_tags(client, logged):
    import mlflow

    with mlflow.start_run(experiment_id=logged.experiment_id) as run:
        pass
    tags = client.get_run(run.info.run_id).data.tags
    assert {name: tags.get(name) for name in TAGS} == TAGS


@pytest.mark.usefixtures("pod", "tracking")
def test_an_evaluation_carries_them_and_kubeflow_s_run_leads_to_it(client, logged, results, monkeypatch):
    given = client.create_run(logged.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", given)
    arguments = results(("model.pt2", "sha256:1"), dataset="pod").arguments
    published = publish_run.run(**arguments)
    tags = client.get_run(published.run_id).data.tags
    assert published.parent_run == tags["seatrial.pipeline_run"] == given
    assert {name: tags.get(name) for name in TAGS} == TAGS
    assert client.get_run(given).data.tags["seatrial.evaluation_run"] == published.run_id


@pytest.mark.usefixtures("tracking")
def test_outside_of_a_pipeline_the_provider_is_silent():
    assert not KubeflowContext().in_context()

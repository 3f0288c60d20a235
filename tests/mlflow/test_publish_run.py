"""A verdict becomes a run in a real MLflow server."""

import json
from pathlib import Path

import pytest

from seatrial.errors import InputError, ServiceError
from seatrial.files import read_json
from seatrial.slices import SliceRow
from seatrial.statistics import Difference, Estimate
from seatrial_mlflow import publish_run

pytestmark = pytest.mark.usefixtures("tracking")


@pytest.fixture
def trial(logged, digest_of, results):
    """Results of judging a logged model, refused; each call is another verdict by its data set's name."""

    def write(dataset="cells", outcome="fail", kind="pickle", **more):
        uri = logged.uri(kind)
        baseline = (logged.uri("other"), digest_of(logged.uri("other")))
        return results((uri, digest_of(uri)), baseline, outcome, dataset, **more)

    return write


def artifacts(client, run_id, path=None):
    found = []
    for one in client.list_artifacts(run_id, path):
        found += artifacts(client, run_id, one.path) if one.is_dir else [one.path]
    return sorted(found)


def test_the_run_is_nested_under_the_one_that_trained_the_model(client, logged, trial):
    published = publish_run.run(**trial("nested").arguments)
    run = client.get_run(published.run_id)
    assert published.parent_run == run.data.tags["mlflow.parentRunId"] == logged.run_id
    assert run.info.experiment_id == logged.experiment_id
    assert run.info.status == "FINISHED"
    assert run.info.run_name == f"seatrial fail: {logged.model_ids['pickle'][:10]}"
    assert published.url.endswith(f"/#/experiments/{logged.experiment_id}/runs/{published.run_id}")


def test_a_run_holds_parameters_metrics_and_tags(client, trial, logged):
    published = publish_run.run(**trial("values").arguments)
    data = client.get_run(published.run_id).data
    assert data.params["candidate"] == logged.uri("pickle")
    assert data.params["dataset"] == "values"
    assert data.params["classes"] == "3: sound, cracked, unsure"
    assert data.params["replicates"] == "1000"
    assert data.metrics["accuracy"] == 0.9
    assert data.metrics["vs_champion/accuracy"] == 0.01
    assert data.metrics["class/recall/cracked"] == 0.9
    assert data.metrics["slice/recall/site/B7"] == 0.86
    assert data.metrics["vs_champion/recall/site/B7"] == -0.04
    assert data.metrics["slice/accuracy/named/night"] == 0.88
    assert "slice/accuracy/site/missing" in data.metrics
    assert "slice/accuracy/site/München-Süd" in data.metrics
    assert "slice/accuracy/brightness/0.2_to_0.4" in data.metrics
    assert data.metrics["verdict/fail"] == 2
    assert data.metrics["verdict/blocking"] == 1
    assert data.metrics["data/exact_duplicates"] == 2
    assert "data/blurred" not in data.metrics, "a check that crashed found nothing out"
    assert data.tags["seatrial.verdict"] == "fail"
    assert data.params["policy_digest"] == f"sha256:{'cd' * 32}"
    assert len(data.metrics) == published.metrics <= publish_run.KEY_BUDGET


def test_the_description_is_the_verdict_in_markdown(client, trial):
    published = publish_run.run(**trial("description").arguments)
    note = client.get_run(published.run_id).data.tags["mlflow.note.content"]
    assert note.startswith("## ✗ Seatrial: refused")
    assert "| **✗ fail** | sites | site=B7 | recall | recall fell by 4.0 points \\| interval" in note


def test_a_version_s_page_tells_its_latest_verdict_below_what_people_wrote(
    client, registered, digest_of, results
):
    name, version = registered("pickle")
    uri = f"models:/{name}/{version}"
    client.update_model_version(name, version, "The one for the north.")
    for outcome in ("fail", "pass"):
        publish_run.run(**results((uri, digest_of(uri)), None, outcome).arguments)
        found = client.get_model_version(name, version)
        headline = {"fail": "## ✗ Seatrial: refused", "pass": "## ✓ Seatrial: passed"}[outcome]
        assert found.description.startswith(f"The one for the north.\n\n{headline}\n")
        assert found.description.count("Seatrial: ") == 1
        assert found.tags == {}


def test_everything_behind_the_verdict_is_among_the_artifacts(client, trial, tmp_path):
    published = publish_run.run(**trial("artifacts").arguments)
    assert artifacts(client, published.run_id) == [
        "evaluation/evaluation.json",
        "policy.yaml",
        "quality/findings.parquet",
        "quality/pages/drift.html",
        "quality/quality.json",
        "report.html",
        "slices.json",
        "slices/confusion.parquet",
        "slices/slice_report.json",
        "slices/slice_report.parquet",
        "verdict/junit.xml",
        "verdict/verdict.json",
        "verdict/verdict.md",
    ]
    report = client.download_artifacts(published.run_id, "report.html", str(tmp_path))
    assert "May it go live?" in Path(report).read_text(encoding="utf-8")


def test_every_slice_is_in_the_table_with_its_key(client, trial, logged):
    published = publish_run.run(**trial("table").arguments)
    table = client.load_table(logged.experiment_id, "slices.json", [published.run_id])
    assert len(table) == 56
    judged = table[(table["slice"] == "site=B7") & (table["metric"] == "recall") & (table["class"] == "")]
    assert judged["metric_key"].tolist() == ["slice/recall/site/B7"]
    assert judged["difference"].tolist() == [-0.04]
    assert "not computable: one class only" in table["value"].tolist()


def test_the_data_set_is_an_input_of_the_run(client, trial):
    published = publish_run.run(**trial("inputs").arguments, dataset="images:data/val")
    (given,) = client.get_run(published.run_id).inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("inputs", "ab" * 6)
    assert json.loads(given.dataset.source) == {"uri": "images:data/val"}
    assert json.loads(given.dataset.profile) == {"num_rows": 1200, "digest": f"sha256:{'ab' * 32}"}
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "evaluation"}


def test_the_candidate_s_metrics_are_on_its_logged_model_one_value_per_data_set(client, trial, logged):
    for dataset in ("spring", "autumn"):
        published = publish_run.run(**trial(dataset).arguments)
    model = client.get_logged_model(logged.model_ids["pickle"])
    found = {one.dataset_name: one.value for one in model.metrics if one.key == "slice/recall/site/B7"}
    assert found["spring"] == found["autumn"] == 0.86
    assert not [one.key for one in model.metrics if one.key.startswith(("verdict/", "vs_champion/", "data/"))]
    (given,) = client.get_run(published.run_id).inputs.model_inputs
    assert given.model_id == logged.model_ids["pickle"]


def test_publishing_the_same_verdict_again_completes_its_run(client, trial, logged):
    arguments = trial("again").arguments
    first = publish_run.run(**arguments)
    before = client.get_run(first.run_id).data
    model_before = len(client.get_logged_model(logged.model_ids["pickle"]).metrics)
    second = publish_run.run(**arguments)
    after = client.get_run(second.run_id).data
    assert (first.created, second.created) == (True, False)
    assert second.run_id == first.run_id
    assert (after.metrics, after.params, after.tags) == (before.metrics, before.params, before.tags)
    assert len(client.get_metric_history(first.run_id, "accuracy")) == 1
    assert len(client.get_logged_model(logged.model_ids["pickle"]).metrics) == model_before


def test_a_publication_that_was_killed_is_completed_by_the_next(client, trial, monkeypatch):
    arguments = trial("killed").arguments
    with monkeypatch.context() as patch:
        patch.setattr(publish_run, "log_artifacts", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish_run.run(**arguments)
    published = publish_run.run(**arguments)
    assert not published.created
    assert client.get_run(published.run_id).info.status == "FINISHED"
    assert "report.html" in artifacts(client, published.run_id)


def test_another_verdict_is_another_run(trial):
    first = publish_run.run(**trial("one").arguments)
    second = publish_run.run(**trial("two").arguments)
    assert second.created
    assert second.run_id != first.run_id


def test_without_a_training_run_it_goes_into_an_experiment_of_its_own(client, results):
    published = publish_run.run(**results(("model.pt2", "sha256:1"), dataset="alone").arguments)
    run = client.get_run(published.run_id)
    assert published.parent_run is None
    assert client.get_experiment(run.info.experiment_id).name == "seatrial"
    assert run.data.params["champion"] == "none"
    assert "vs_champion/accuracy" not in run.data.metrics
    named = publish_run.run(**results(("m", "sha256:2")).arguments, experiment="night shift")
    assert client.get_experiment(client.get_run(named.run_id).info.experiment_id).name == "night shift"


def test_it_nests_under_the_run_that_kubeflow_pipelines_names(client, results, monkeypatch):
    pipeline = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", pipeline)
    published = publish_run.run(**results(("model.pt2", "sha256:1"), dataset="kfp").arguments)
    assert published.parent_run == pipeline
    assert client.get_run(published.run_id).data.tags["seatrial.pipeline_run"] == pipeline


def test_a_parent_that_is_given_wins_and_one_that_is_not_there_is_one_line(client, trial, logged):
    parent = client.create_run("0").info.run_id
    published = publish_run.run(**trial("given").arguments, parent_run=parent)
    assert published.parent_run == parent
    with pytest.raises(InputError, match="parent run 0000: there is no such run"):
        publish_run.run(**trial("given").arguments, parent_run="0000")


def test_a_dry_run_connects_to_nothing_and_says_what_it_would_log(client, trial, monkeypatch, tmp_path):
    arguments = trial("dry").arguments
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    published = publish_run.run(**arguments, dry_run=True, out=tmp_path / "plan.json")
    plan = read_json(tmp_path / "plan.json")
    assert (published.run_id, plan["dry_run"]) == ("", True)
    assert plan["metrics"]["slice/recall/site/B7"] == 0.86
    assert plan["table_rows"] == 56
    assert "report.html" in plan["artifacts"]
    monkeypatch.undo()
    assert "dry" not in {run.data.params.get("dataset") for run in client.search_runs(["0", "1"])}


def many_rows(count):
    rows = []
    for site in ("all", *(f"s{number}" for number in range(count))):
        attributes = {} if site == "all" else {"site": site}
        difference = Difference(-0.1, -0.2, -0.05, 0.001, 100)
        rows.append(
            SliceRow(
                *(site, "all" if site == "all" else "site", attributes, "image", "recall", None, 100),
                *(Estimate(0.5, 0.4, 0.6, 100), Estimate(0.6, 0.5, 0.7, 100), difference),
            )
        )
    return rows


def test_more_numbers_than_the_budget_stay_in_the_table(client, trial, logged):
    published = publish_run.run(**trial("many", rows=many_rows(500)).arguments)
    assert published.metrics == publish_run.KEY_BUDGET
    assert published.left_out > 800
    assert len(client.get_run(published.run_id).data.metrics) == publish_run.KEY_BUDGET
    assert len(client.load_table(logged.experiment_id, "slices.json", [published.run_id])) == 501


def test_a_batch_holds_at_most_a_thousand_metrics(client, trial):
    published = publish_run.run(**trial("batches", rows=many_rows(600)).arguments, key_budget=1150)
    assert len(client.get_run(published.run_id).data.metrics) == published.metrics == 1150


def test_the_description_of_a_thousand_decisions_fits_and_counts_the_rest(results):
    from seatrial.gates import Decision, Outcome, Verdict
    from seatrial_mlflow.publishing.description import describe
    from seatrial_mlflow.subject import read_verdict

    one = Decision("r", "min", "block", "x", "recall", Outcome.FAIL, "r" * 200, blocking=True)
    subject = read_verdict(results(("m", "sha256:1")).arguments["verdict"])[1]
    text = describe(Verdict(Outcome.FAIL, (one,) * 1000, {}), subject, 8000)
    assert len(text) <= 8000
    assert "more in `verdict/verdict.md`" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected a verdict of schema_version 1"),
        ('{"schema_version": 1, "outcome": "pass"}', "not a complete verdict"),
        (
            '{"schema_version": 1, "outcome": "maybe", "decisions": [], "inputs": {}, "problems": []}',
            "not a complete verdict",
        ),
        (
            '{"schema_version": 1, "outcome": "pass", "decisions": [], "inputs": {}, "problems": []}',
            "inputs.candidate.model: expected a text, got None",
        ),
    ],
)
def test_a_corrupt_verdict_is_one_line(trial, content, message):
    arguments = trial().arguments
    (arguments["verdict"] / "verdict.json").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        publish_run.run(**arguments, dry_run=True)
    assert "verdict.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["verdict", "slices", "quality", "report", "policy", "evaluation"])
def test_a_missing_result_is_one_line(trial, tmp_path, missing):
    arguments = trial().arguments | {missing: tmp_path / "gone"}
    with pytest.raises(InputError, match="gone"):
        publish_run.run(**arguments, dry_run=True)


def test_slices_that_were_not_judged_are_refused(trial):
    arguments = trial().arguments
    report = read_json(arguments["slices"] / "slice_report.json")
    report["candidate"]["digest"] = "sha256:other"
    (arguments["slices"] / "slice_report.json").write_text(json.dumps(report))
    with pytest.raises(
        InputError, match=r"slice_report.json has digest sha256:\w+, but .* judged one with sha256"
    ):
        publish_run.run(**arguments, dry_run=True)


def test_an_unreachable_server_is_one_line(trial, monkeypatch, free_port):
    arguments = trial().arguments
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with pytest.raises(ServiceError, match="does not answer: connection refused") as caught:
        publish_run.run(**arguments, tracking_uri=f"http://127.0.0.1:{free_port}")
    assert "\n" not in str(caught.value)

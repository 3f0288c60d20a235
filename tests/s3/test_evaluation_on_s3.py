"""An evaluation streams a data set from object storage and leaves its artifacts there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model, plan_shards
from seatrial.storage import fetched

OPTIONS = {"classes": ["red", "green", "blue"], "preprocess": {"resize": None, "crop": None}}


def _evaluate(*words: str, torchrun: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    start = (
        ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={torchrun}"] if torchrun else []
    )
    command = [sys.executable, *start, "-m", "seatrial", "evaluate-model", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=environment)


@pytest.mark.parametrize("kind", ["images:{}/images", "table:{}/val.csv", "table:{}/val.csv?group=site"])
def test_data_set_on_s3_is_the_one_on_disk(remote, local, kind, tmp_path):
    def evaluate(place: str, out: Path) -> EvaluationTable:
        options = ModelOptions.parse(OPTIONS, "options")
        return evaluate_model.run(str(local / "model.onnx"), kind.format(place), out, options=options)

    here, there = evaluate(str(local), tmp_path / "here"), evaluate(remote, tmp_path / "there")
    assert there.header == here.header
    columns = [name for name in here.samples.column_names if name != "uri"]
    assert there.samples.select(columns).equals(here.samples.select(columns))
    assert all(uri.startswith("s3://pier/data/") for uri in there.samples["uri"].to_pylist())


def test_coco_on_s3_is_the_one_on_disk(remote, local):
    from seatrial.datasets import read_dataset

    here = read_dataset(f"coco:{local}/val.json?images={local}/images")
    there = read_dataset(f"coco:{remote}/val.json?images={remote}/images")
    assert there.digest == here.digest
    assert there.table["content"].null_count == 0


def test_program_streams_from_s3_and_writes_there(remote, local, bucket, tmp_path):
    (tmp_path / "scratch").mkdir()
    words = ("--model", str(local / "model.onnx"), "--dataset", f"images:{remote}/images")
    out = f"{bucket.uri}/runs/one"
    options = ("--model-options", json.dumps(OPTIONS))
    done = _evaluate(*words, "--out", out, *options, TMPDIR=str(tmp_path / "scratch"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "18 images of images, 0 unreadable, accuracy 1.0000 (n = 18) → s3://pier/runs/one\n"
    assert "runs/one/evaluation.json" in bucket.keys("runs/one/")
    again = _evaluate(*words, "--out", out, *options)
    assert "holds this evaluation already" in again.stderr
    assert not list((tmp_path / "scratch").rglob("*.p*"))  # neither images nor tables stay on the disk


@pytest.mark.timeout(200)
def test_processes_of_torchrun_share_the_work_through_s3(remote, local, bucket, tmp_path):
    words = ("--model", str(local / "model.onnx"), "--dataset", f"images:{remote}/images")
    options = ("--model-options", str(local / "options.json"))
    one = _evaluate(*words, "--out", str(tmp_path / "one"), *options)
    two = _evaluate(*words, "--out", f"{bucket.uri}/runs/two", *options, torchrun=2)
    assert (one.returncode, two.returncode) == (0, 0), two.stderr
    with fetched(f"{bucket.uri}/runs/two") as folder:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()
        }
    assert bucket.keys("runs/two.ranks") == []


def test_no_credentials_are_one_line(remote, local, tmp_path):
    words = ("--model", str(local / "model.onnx"), "--dataset", f"images:{remote}/images")
    without = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    done = _evaluate(*words, "--out", str(tmp_path / "out"), HOME=str(tmp_path), **without)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("seatrial: ")


def test_manifest_on_s3_opens_only_a_shards_own_images(remote, local, bucket, tmp_path):
    folder = tmp_path / "plan"
    assert plan_shards.run(f"images:{remote}/images", 3, manifest=folder) == ["0/3", "1/3", "2/3"]
    bucket.upload(folder, "plan")
    bucket.client.delete_object(Bucket="pier", Key="data/images/red/5.png")  # in the last part
    try:
        options = ModelOptions.parse(OPTIONS, "options")
        model, dataset = str(local / "model.onnx"), f"manifest:{bucket.uri}/plan"
        parts = [
            evaluate_model.run(model, dataset, tmp_path / str(index), options=options, shard=(index, 3))
            for index in range(3)
        ]
        assert [len(part.header.failures) for part in parts] == [0, 0, 1]
    finally:
        bucket.upload(local, "data")


def test_image_that_changed_after_the_plan_is_not_evaluated(local, tmp_path):
    copy = tmp_path / "images"
    for path in (local / "images").rglob("*.png"):
        (copy / path.parent.name).mkdir(parents=True, exist_ok=True)
        (copy / path.parent.name / path.name).write_bytes(path.read_bytes())
    plan_shards.run(f"images:{copy}", 1, manifest=tmp_path / "plan")
    (copy / "red" / "0.png").write_bytes((copy / "blue" / "0.png").read_bytes())
    options = ModelOptions.parse(OPTIONS, "options")
    out = tmp_path / "out"
    table = evaluate_model.run(str(local / "model.onnx"), f"manifest:{tmp_path}/plan", out, options=options)
    (failure,) = table.header.failures
    assert failure.id == "red/0.png"
    assert failure.reason == "its bytes have changed since the data set was read"


def test_folder_without_a_manifest_is_said(tmp_path):
    with pytest.raises(InputError, match="no manifest there: plan-shards --manifest writes one"):
        evaluate_model.run("model.onnx", f"manifest:{tmp_path}", tmp_path / "out")

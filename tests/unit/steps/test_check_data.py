"""The whole step: what it writes, twice the same, and what it refuses."""

import filecmp
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seatrial.datasets import read_dataset
from seatrial.errors import InputError, MissingExtraError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.images import PROPERTIES, decode_rgb, image_properties, read_bytes
from seatrial.quality import CheckOptions, QualityReport
from seatrial.steps import check_data

IMAGE_CHECKS = ("broken", "dark", "exact_duplicates", "split_leakage", "class_balance", "missing_labels")


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def noise(seed, size=24):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


@pytest.fixture
def train(tmp_path):
    for number in range(12):
        save(tmp_path / "train" / ("cat" if number % 2 else "dog") / f"{number}.png", noise(number))
    return f"images:{tmp_path}/train"


@pytest.fixture
def val(tmp_path):
    """A broken, a dark, a duplicate and a leaked image among twelve."""
    for number in range(100, 108):
        save(tmp_path / "val" / ("cat" if number % 2 else "dog") / f"{number}.png", noise(number))
    (tmp_path / "val" / "cat" / "broken.png").write_bytes(b"not an image")
    save(tmp_path / "val" / "cat" / "dark.png", noise(200) // 8)
    save(tmp_path / "val" / "cat" / "copy.png", noise(101))
    save(tmp_path / "val" / "dog" / "seen.png", noise(0))
    return f"images:{tmp_path}/val"


def samples(report, check):
    return {one for finding in report.findings if finding.check == check for one in finding.sample_ids}


def test_all_checks_run_and_find_what_was_planted(train, val, tmp_path):
    report = check_data.run(val, tmp_path / "out", reference=train)
    assert samples(report, "broken") == {"cat/broken.png"}
    assert samples(report, "dark") == {"cat/dark.png"}
    assert samples(report, "exact_duplicates") == {"cat/101.png", "cat/copy.png"}
    assert samples(report, "split_leakage") == {"dog/seen.png"}
    ends = {one.check: one.status for one in report.checks}
    assert ends.pop("group_leakage") == "skipped"
    assert ends.pop("drift") == "skipped"  # twelve images are too few
    of_objects = ("annotations", "object_boxes", "odd_objects", "mask_shapes")
    assert {ends.pop(one) for one in of_objects} == {"skipped"}  # there are labels only
    of_a_model = ("label_errors", "embedding_duplicates", "embedding_leakage")
    assert {ends.pop(one) for one in of_a_model} == {"skipped"}  # nobody was asked: no model, no embeddings
    assert set(ends.values()) == {"done"}


def test_what_is_written_is_what_is_returned(train, val, tmp_path):
    report = check_data.run(val, tmp_path / "out", reference=train)
    assert QualityReport.read(tmp_path / "out") == report
    assert report.header["dataset"] == {"name": "val", "digest": read_dataset(val).digest, "n": 12}
    assert report.header["reference"]["n"] == 12
    table = pq.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert [one["message"] for one in table] == [one.message for one in report.findings]
    assert {one.name for one in (tmp_path / "out").iterdir()} == {
        "quality.json",
        "findings.parquet",
        "findings.html",
        "findings.md",
        *report.pages.values(),
    }


def many(folder, count, shift=0):
    for number in range(count):
        save(folder / ("cat" if number % 2 else "dog") / f"{number}.png", noise(shift + number, 16))
    return f"images:{folder}"


NO_NETWORK = """
import ipaddress, os, sys
from pathlib import Path

def refuse(event, arguments):
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
        if host not in (None, "", "localhost", "127.0.0.1", "::1", b"localhost"):
            os.write(2, f"LOOKED UP {host}\\n".encode()); os._exit(97)
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
            os.write(2, f"CONNECTED TO {address}\\n".encode()); os._exit(98)

sys.addaudithook(refuse)
"""


IN_ANOTHER_PROCESS = (
    NO_NETWORK
    + """
from seatrial.steps import check_data
report = check_data.run(sys.argv[1], Path(sys.argv[3]), reference=sys.argv[2])
import time; time.sleep(1)  # telemetry is sent from threads
ends = {one.check: one.status for one in report.checks}
assert (ends["drift"], ends["expectations"]) == ("done", "done"), report.checks
"""
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A run in a process that ends at the first connection, with telemetry's switches unset."""
    folder = tmp_path_factory.mktemp("guarded")
    dataset, reference = many(folder / "val", 24, 500), many(folder / "train", 24)
    switches = {"GX_ANALYTICS_ENABLED", "DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY"}
    environment = {name: value for name, value in os.environ.items() if name not in switches}
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, dataset, reference, str(folder / "out")],
        env=environment | {"PYTHONHASHSEED": "7"},
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    return folder, done


def test_a_run_opens_no_connection(guarded):
    _, done = guarded
    assert done.returncode == 0, done.stderr


def test_two_runs_write_the_same_bytes_pages_included(guarded, tmp_path):
    folder, _ = guarded
    check_data.run(f"images:{folder}/val", tmp_path / "out", reference=f"images:{folder}/train")
    names = sorted(one.name for one in (folder / "out").iterdir())
    assert names == [
        *("evidently_drift.html", "findings.html", "findings.md", "findings.parquet"),
        *("great_expectations.html", "quality.json"),
    ]
    assert filecmp.cmpfiles(folder / "out", tmp_path / "out", names, shallow=False)[0] == names


def test_the_network_guard_of_that_test_works(tmp_path):
    code = NO_NETWORK + "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30
    )
    assert done.returncode in {97, 98}


def evaluation_of(dataset, folder, **changes):
    manifest = read_dataset(dataset)
    rows = [one for one in manifest.table.to_pylist() if "broken" not in one["id"]]
    table = pa.Table.from_pylist(rows, schema=manifest.table.schema)
    n = len(rows)
    table = table.append_column("prediction", pa.array(["cat"] * n))
    table = table.append_column("confidence", pa.array([0.9] * n))
    table = table.append_column("loss", pa.array([0.1] * n))
    properties = [image_properties(decode_rgb(read_bytes(one["uri"]))) for one in rows]
    for name in PROPERTIES:
        table = table.append_column(name, pa.array([one[name] for one in properties], pa.float64()))
    header = EvaluationHeader(
        task="classification",
        classes=manifest.classes,
        model="model",
        model_digest="sha256:0",
        dataset=manifest.name,
        dataset_digest=changes.get("digest", manifest.digest),
        dataset_size=len(manifest),
    )
    EvaluationTable(header, table).write(folder)
    return folder


def test_with_an_evaluation_the_findings_are_the_same(train, val, tmp_path):
    evaluation = evaluation_of(val, tmp_path / "evaluation")
    fresh = check_data.run(val, tmp_path / "a", reference=train, only=IMAGE_CHECKS)
    known = check_data.run(val, tmp_path / "b", reference=train, evaluation=evaluation, only=IMAGE_CHECKS)
    assert known == fresh


def test_with_two_evaluations_predictions_can_drift(tmp_path):
    val, train = many(tmp_path / "val", 24, 500), many(tmp_path / "train", 24)
    evaluations = [evaluation_of(spec, tmp_path / f"e{row}") for row, spec in enumerate((val, train))]
    lowered = EvaluationTable.read(evaluations[0])
    index = lowered.samples.schema.get_field_index("confidence")
    EvaluationTable(
        lowered.header, lowered.samples.set_column(index, "confidence", pa.array(np.linspace(0.3, 0.5, 24)))
    ).write(evaluations[0])
    report = check_data.run(
        val,
        tmp_path / "out",
        reference=train,
        evaluation=evaluations[0],
        reference_evaluation=evaluations[1],
        only=["drift"],
    )
    assert {one.evidence["column"] for one in report.findings} == {"confidence"}


def test_an_evaluation_of_other_data_is_refused(train, val, tmp_path):
    evaluation = evaluation_of(val, tmp_path / "evaluation", digest="sha256:other")
    with pytest.raises(
        InputError, match="evaluation of another data set: expected 'val' with digest sha256:"
    ):
        check_data.run(val, tmp_path / "out", evaluation=evaluation)
    assert not (tmp_path / "out").exists()


def test_an_evaluation_of_the_reference_needs_a_reference(val, tmp_path):
    with pytest.raises(InputError, match="no reference"):
        check_data.run(val, tmp_path / "out", reference_evaluation=tmp_path)


def test_a_users_suite_is_used(val, tmp_path):
    suite = tmp_path / "suite.json"
    wanted = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "width", "min_value": 100}}
    suite.write_text(json.dumps({"name": "mine", "expectations": [wanted]}))
    report = check_data.run(val, tmp_path / "out", expectations=suite, only=["expectations"])
    (finding,) = report.findings
    assert finding.evidence["unexpected_count"] == 11  # all but the broken one, which has no width


def test_a_suite_about_a_column_that_is_not_there_is_refused_before_anything_is_decoded(val, tmp_path):
    suite = tmp_path / "suite.json"
    wanted = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "camera"}}
    suite.write_text(json.dumps({"name": "mine", "expectations": [wanted]}))
    with pytest.raises(InputError, match=r"expectation 1 .* got 'camera'"):
        check_data.run(val, tmp_path / "out", expectations=suite)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("package", "check"), [("great_expectations", "expectations"), ("evidently", "drift")]
)
def test_a_missing_extra_skips_the_check_that_needs_it(monkeypatch, tmp_path, package, check):
    monkeypatch.setitem(sys.modules, package, None)  # as Python marks a module that cannot be imported
    val, train = many(tmp_path / "val", 24, 500), many(tmp_path / "train", 24)
    report = check_data.run(val, tmp_path / "out", reference=train, only=[check, "broken"])
    ends = {one.check: (one.status, one.reason) for one in report.checks}
    assert ends["broken"] == ("done", "")
    assert ends[check][0] == "skipped"
    assert "pip install 'seatrial[quality]'" in ends[check][1]


def test_a_users_suite_without_great_expectations_is_refused_not_skipped(monkeypatch, val, tmp_path):
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    suite = tmp_path / "suite.json"
    wanted = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}}
    suite.write_text(json.dumps({"name": "mine", "expectations": [wanted]}))
    with pytest.raises(MissingExtraError, match="great_expectations"):
        check_data.run(val, tmp_path / "out", expectations=suite)


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_left(val, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="a file of that name is there"):
        check_data.run(val, tmp_path / "taken", only=["broken"])
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".taken")]


def test_a_data_set_that_is_absent_is_said(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        check_data.run(f"images:{tmp_path}/nowhere", tmp_path / "out")


def test_a_table_of_predictions_without_images_is_checked_for_what_it_has(tmp_path):
    rows = "\n".join(f"s{row},{'cat' if row % 2 else 'dog'},{row}" for row in range(30))
    (tmp_path / "val.csv").write_text(f"id,label,site\n{rows}\n")
    report = check_data.run(f"table:{tmp_path}/val.csv?image=&id=id", tmp_path / "out")
    ends = {one.check: one.status for one in report.checks}
    assert ends["broken"] == "skipped"
    assert (ends["class_balance"], ends["expectations"]) == ("done", "done")
    assert report.findings == ()


@pytest.mark.shared_data
def test_the_oversize_photos_among_real_ones_are_found(shared_data, tmp_path):
    source = shared_data / "sign_digits" / "Dataset" / "7"
    photos = sorted(source.glob("*.JPG"))
    oversize = [one for one in photos if one.stat().st_size > 100_000]
    usual = [one for one in photos if one not in oversize][:60]
    (tmp_path / "val" / "7").mkdir(parents=True)
    for photo in [*oversize, *usual]:
        shutil.copy(photo, tmp_path / "val" / "7" / photo.name)
    report = check_data.run(
        f"images:{tmp_path}/val",
        tmp_path / "out",
        only=["broken", "dark", "light", "blurred", "low_information", "odd_size", "exact_duplicates"],
        options=CheckOptions(),
    )
    assert samples(report, "odd_size") == {f"7/{one.name}" for one in oversize}
    assert len(oversize) == 3
    assert {one.check for one in report.findings} == {"odd_size"}

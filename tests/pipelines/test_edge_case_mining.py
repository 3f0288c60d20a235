"""The pipeline from failures to the next batch to label, run on this machine by Kubeflow's executor."""

import json

import mlflow
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seatrial_pipelines.local import run_edge_case_mining

from .conftest import OPTIONS, SIDE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def pool(tmp_path):
    """Sixty unlabelled images: every third has a red tint, which the model takes for light; one is broken."""
    generator = np.random.default_rng(11)
    (tmp_path / "pool").mkdir()
    for number in range(60):
        pixels = generator.normal([60, 190][number % 2], 20, (SIDE, SIDE, 3))
        if number % 3 == 0:
            pixels[:, :, 0] = generator.normal(230, 10, (SIDE, SIDE))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / "pool" / f"{number:02}.png")
    (tmp_path / "pool" / "broken.png").write_bytes(b"no image")
    return tmp_path / "pool"


def test_failures_lead_to_a_batch_that_is_recorded(case, pool, tmp_path):
    finished = run_edge_case_mining(
        {
            "model": case.models["tinted"],
            "dataset": case.dataset,
            "pool": f"images:{pool}",
            "options": json.dumps(OPTIONS),
            "size": 8,
            "tracking_uri": case.server,
            "experiment": "edge cases",
        },
        tmp_path / "out",
    )
    assert finished.failure is None
    assert [task for task in finished.tasks if task.startswith("mine")] == ["mine-edge-cases"]
    queue = pq.read_table(tmp_path / "out" / "edge_cases" / "labelling_queue.parquet").to_pylist()
    assert len(queue) == 8
    # the model fails on dark images with a tint: numbers that are even and divisible by three
    hits = [int(row["id"][:2]) % 6 == 0 for row in queue]
    assert sum(hits) >= 6
    assert all(row["suggested_label"] in {"dark", "light"} for row in queue)
    report = json.loads((tmp_path / "out" / "edge_cases" / "mining.json").read_text())
    assert report["pool"]["images"] == 60
    assert (tmp_path / "out" / "blind_spots" / "blind_spots.json").exists()
    header = json.loads((tmp_path / "out" / "pool" / "embeddings.json").read_text())
    assert [one["id"] for one in header["failures"]] == ["broken.png"]

    run_id = finished.outputs["publish-edge-cases"]["run_id"]
    client = mlflow.MlflowClient(case.server)
    run = client.get_run(run_id)
    assert run.data.metrics["edge_cases/chosen"] == 8
    assert run.data.tags["mlflow.note.content"].startswith("# What to label next")
    artifacts = {one.path for one in client.list_artifacts(run_id, "edge_cases")}
    assert client.list_artifacts(run_id, "explanations"), "where the model looks is recorded, too"
    assert {"edge_cases/edge_cases.html", "edge_cases/labelling_queue.parquet"} <= artifacts

"""Metrics to an MLflow server over REST: the publisher's one batch beside one call a metric."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric

from benchmarks.row import Claim, Row, seconds
from seatrial_pipelines.demo import gate, server

_METRICS = 200


def rows() -> Iterator[Row]:
    """Log 200 metrics to a local server on sqlite, both ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        running = server.start(folder, gate.write(folder, "benchmark"))
        try:
            client = MlflowClient(running.uri)
            experiment = client.create_experiment("benchmark")

            def batch() -> str:
                run_id = client.create_run(experiment).info.run_id
                now = int(time.time() * 1000)
                values = [Metric(f"slice/accuracy/site/{n}", n / 200, now, 0) for n in range(_METRICS)]
                client.log_batch(run_id, metrics=values)
                return run_id

            def singly() -> str:
                run_id = client.create_run(experiment).info.run_id
                for n in range(_METRICS):
                    client.log_metric(run_id, f"slice/accuracy/site/{n}", n / 200)
                return run_id

            first, second = (client.get_run(run()).data.metrics for run in (batch, singly))
            assert first == second
            ours, spread = seconds(batch)
            theirs, other = seconds(singly)
        finally:
            server.stop(folder)
    yield Row(
        f"{_METRICS} metrics to MLflow over REST, run included",
        f"{ours:.2f} s ({spread:.2f})",
        f"one log_metric at a time: {theirs:.1f} s ({other:.1f})",
        f"{theirs / ours:.0f}× faster",
        "both runs hold the same metrics",
        (Claim("publishing", f"{ours:.2f} s; {theirs / ours:.0f}× faster", reached=ours <= 1),),
    )

"""The story: a champion, a candidate that is better on average and refused, and one that is promoted."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console

from seatrial.errors import InputError, SeatrialError
from seatrial.files import write_text
from seatrial.gates import Verdict
from seatrial_pipelines.demo import server
from seatrial_pipelines.demo.cells import Cells, cells
from seatrial_pipelines.demo.registration import EXPERIMENT, MODEL, register
from seatrial_pipelines.demo.training import features, train

__all__ = ["run", "stop"]

_MARKER = ".seatrial-demo"
_PASS, _FAIL = 0, 1


@dataclass(frozen=True, slots=True)
class _Chapter:
    """One model of the story.

    Attributes:
        name: What its runs are called.
        title: What the terminal announces.
        mono: How many labelled monocrystalline cells it is trained on; None for all.
        poly: How many polycrystalline ones.
        exit_code: How ``seatrial run`` is expected to end.
    """

    name: str
    title: str
    mono: int | None
    poly: int | None
    exit_code: int


_CHAPTERS = (
    _Chapter("champion", "The first model: there is no champion yet", 500, 100, _PASS),
    _Chapter(
        "candidate-a", "Candidate A: many more polycrystalline labels, but few mono ones", 40, None, _FAIL
    ),
    _Chapter("candidate-b", "Candidate B: trained with the failing slice in mind", None, None, _PASS),
)


def run(folder: Path) -> None:
    """Tell the story in ``folder``; the MLflow server is left running.

    Args:
        folder: Where everything is kept. A folder of an earlier demo is told anew; only its extracted
            features are kept.

    Raises:
        InputError: The folder holds something else.
        SeatrialError: A chapter did not end as the data make it end on tested versions.
    """
    began = time.monotonic()
    console = Console(highlight=False)
    data = cells()
    _prepare(folder)
    console.rule("[bold]Seatrial: does this model go to production?")
    console.print(
        "Real photographs of solar cells (ELPV data set, CC BY-NC-SA 4.0): find the defective ones.\n"
        f"{len(data.train)} images to train on, {len(data.test)} to judge with.\n"
    )
    tracking = server.start(folder / "mlflow")
    console.print(f"MLflow runs at [bold]{tracking.uri}[/] (files in {folder / 'mlflow'})\n")
    _write_inputs(folder, data)
    found = features(data.train["image"].tolist(), folder / "features.npz")
    for number, chapter in enumerate(_CHAPTERS, start=1):
        console.print()
        console.rule(f"[bold]{number} · {chapter.title}")
        _tell(chapter, folder, tracking.uri, data, found, console)
    _farewell(folder, tracking.uri, time.monotonic() - began, console)


def stop(folder: Path) -> bool:
    """Stop the server of a demo; False where none runs."""
    return server.stop(folder / "mlflow")


def _prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise InputError(f"{folder} holds something else than a demo: expected an empty or absent folder")
    stop(folder)
    for name in ("mlflow", "data", "runs", ".seatrial-cache"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).touch()
    (folder / "data").mkdir()


def _write_inputs(folder: Path, data: Cells) -> None:
    data.train.to_parquet(folder / "data" / "train.parquet", index=False)
    data.test.to_parquet(folder / "data" / "test.parquet", index=False)
    write_text(folder / "policy.yaml", (files(__package__) / "policy.yaml").read_text(encoding="utf-8"))


def _tell(
    chapter: _Chapter, folder: Path, uri: str, data: Cells, found: NDArray[np.float32], console: Console
) -> None:
    rows = _training_rows(chapter, data.train)
    kinds = data.train.loc[rows, "type"].value_counts()
    console.print(f"training on {kinds['mono']} monocrystalline and {kinds['poly']} polycrystalline cells …")
    trained = train(found[rows], data.train["label"].iloc[rows])
    parameters = {"mono_labels": int(kinds["mono"]), "poly_labels": int(kinds["poly"])}
    registered = register(trained, uri, chapter.name, parameters)
    config = folder / f"{chapter.name}.yaml"
    write_text(config, _config(chapter.name, registered.model_uri, registered.run_id, uri))
    console.print(
        f"registered as version {registered.version} of {MODEL}\n\n[bold]$ seatrial run --config {config}"
    )
    code = subprocess.run(  # noqa: S603 - our own program, no shell
        [sys.executable, "-m", "seatrial", "run", "--config", str(config)], check=False, env=dict(os.environ)
    ).returncode
    if code != chapter.exit_code:
        raise SeatrialError(
            f"{chapter.name}: expected 'seatrial run' to end with {chapter.exit_code}, got {code}; "
            "with other versions of the packages than constraints.txt the training may come out otherwise"
        )
    if code == _FAIL:
        verdict = Verdict.read(folder / "runs" / chapter.name / "verdict" / "verdict.json")
        overall = next(decision for decision in verdict.decisions if decision.rule == "overall")
        console.print(f"Yet over all images it is better: {overall.reason}.")


def _training_rows(chapter: _Chapter, train: pd.DataFrame) -> NDArray[np.int64]:
    kinds = train["type"].to_numpy()
    mono, poly = np.flatnonzero(kinds == "mono"), np.flatnonzero(kinds == "poly")
    return np.concatenate([mono[: chapter.mono], poly[: chapter.poly]])


def _config(name: str, model_uri: str, run_id: str, uri: str) -> str:
    return f"""\
# What `seatrial run` judges here; paths are relative to this file.
model: {model_uri}
dataset: table:data/test.parquet?id=cell&name=solar-cells-test
reference: table:data/train.parquet?id=cell&name=solar-cells-train
policy: policy.yaml
mlflow:
  tracking_uri: {uri}
  experiment: {EXPERIMENT}
  registered_model: {MODEL}
  alias: champion
  parent_run: {run_id}
out: runs/{name}
"""


def _farewell(folder: Path, uri: str, seconds: float, console: Console) -> None:
    console.print()
    console.rule(f"[bold]Told in {seconds / 60:.1f} minutes")
    console.print(
        f"""\
Candidate A was more accurate on average and was refused for one slice; candidate B is now the champion.

  compare the runs   {uri}/#/experiments  (experiment {EXPERIMENT})
  why A was refused  {folder}/runs/candidate-a/report.html
  the policy         {folder}/policy.yaml
  stop the server    seatrial demo --stop --folder {folder}

On your own data:    seatrial init my-project && cd my-project
                     edit seatrial.yaml, then  seatrial run --config seatrial.yaml""",
        soft_wrap=True,
    )

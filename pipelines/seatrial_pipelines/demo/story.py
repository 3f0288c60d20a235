"""The story: a champion, a candidate that is better on average and refused, and one that is promoted."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from seatrial.errors import InputError, SeatrialError
from seatrial.files import write_text
from seatrial.gates import Verdict
from seatrial_mlflow.attest import SIGNING_KEY
from seatrial_pipelines.demo import gate, server
from seatrial_pipelines.demo.registration import Registered, register
from seatrial_pipelines.demo.tale import FAIL, Chapter, Tale

__all__ = ["run", "stop"]

_MARKER = ".seatrial-demo"
_KEPT = (_MARKER, "features.npz")


def run(folder: Path, tale: Tale) -> None:
    """Tell a story in ``folder``; the MLflow server is left running.

    Args:
        folder: Where everything is kept. A folder of an earlier demo is told anew; only its extracted
            features are kept.
        tale: What is told.

    Raises:
        InputError: The folder holds something else.
        SeatrialError: A chapter did not end as the data make it end on tested versions.
    """
    began = time.monotonic()
    console = Console(highlight=False)
    _prepare(folder)
    console.rule("[bold]Seatrial: does this model go to production?")
    console.print(f"{tale.introduction}\n")
    tale.prepare(folder)
    gate_file = gate.write(folder, tale.model)
    tracking = server.start(folder / "mlflow", gate_file)
    console.print(
        f"MLflow runs at [bold]{tracking.uri}[/] (files in {folder / 'mlflow'}); its registry moves the "
        f"champion only on a signed verdict ({gate_file})\n"
    )
    write_text(folder / "policy.yaml", tale.policy)
    for number, chapter in enumerate(tale.chapters, start=1):
        console.print()
        console.rule(f"[bold]{number} · {chapter.title}")
        _tell(tale, chapter, folder, tracking.uri, console)
    _farewell(tale, folder, tracking.uri, time.monotonic() - began, console)


def stop(folder: Path) -> bool:
    """Stop the server of a demo; False where none runs."""
    return server.stop(folder / "mlflow")


def _prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise InputError(f"{folder} holds something else than a demo: expected an empty or absent folder")
    stop(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in _KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / _MARKER).touch()
    (folder / "data").mkdir()


def _tell(tale: Tale, chapter: Chapter, folder: Path, uri: str, console: Console) -> None:
    amounts = " and ".join(f"{count} {kind}" for kind, count in chapter.samples.items())
    console.print(f"training on {amounts} …")
    registered = register(tale.train(chapter), uri, tale.model, chapter)
    config = folder / f"{chapter.name}.yaml"
    write_text(config, _config(tale, chapter, registered, uri))
    console.print(
        f"registered as version {registered.version} of {tale.model}\n\n"
        f"[bold]$ seatrial run --config {config}"
    )
    code = subprocess.run(  # noqa: S603 - our own program, no shell
        [sys.executable, "-m", "seatrial", "run", "--config", str(config)],
        check=False,
        env=os.environ | {SIGNING_KEY: str((folder / gate.KEY).absolute())},
    ).returncode
    if code != chapter.exit_code:
        raise SeatrialError(
            f"{chapter.name}: expected 'seatrial run' to end with {chapter.exit_code}, got {code}; "
            "with other versions of the packages than constraints.txt the training may come out otherwise"
        )
    if code == FAIL:
        verdict = Verdict.read(folder / "runs" / chapter.name / "verdict" / "verdict.json")
        overall = next(decision for decision in verdict.decisions if decision.rule == "overall")
        console.print(f"Yet over all images it is better: {overall.reason}.")
        _try_by_hand(tale, registered, uri, console)


def _try_by_hand(tale: Tale, registered: Registered, uri: str, console: Console) -> None:
    refusal = gate.attempt(uri, tale.model, registered.version)
    if refusal is None:
        raise SeatrialError("the registry let the champion be set without a verdict: its gate does not work")
    console.print(f"Set the alias by hand, then? The registry refuses as well: “{refusal}”", soft_wrap=True)


def _config(tale: Tale, chapter: Chapter, registered: Registered, uri: str) -> str:
    return f"""\
# What `seatrial run` judges here; paths are relative to this file.
model: {registered.model_uri}
dataset: {tale.dataset}
reference: {tale.reference}
policy: policy.yaml
mlflow:
  tracking_uri: {uri}
  experiment: {tale.model}
  registered_model: {tale.model}
  alias: champion
  parent_run: {registered.run_id}
out: runs/{chapter.name}
"""


def _farewell(tale: Tale, folder: Path, uri: str, seconds: float, console: Console) -> None:
    console.print()
    console.rule(f"[bold]Told in {seconds / 60:.1f} minutes")
    console.print(
        f"""\
{tale.moral}

  compare the runs   {uri}/#/experiments  (experiment {tale.model})
  why A was refused  {folder}/runs/candidate-a/report.html
  the policy         {folder}/policy.yaml
  stop the server    seatrial demo --stop --folder {folder}

On your own data:    seatrial init my-project && cd my-project
                     edit seatrial.yaml, then  seatrial run --config seatrial.yaml""",
        soft_wrap=True,
    )

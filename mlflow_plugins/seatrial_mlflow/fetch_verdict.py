"""The step ``fetch_verdict``: a published verdict comes back as files, checked to be what was published."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.digests import digest_file
from seatrial.errors import InputError
from seatrial.files import atomic_folder
from seatrial.gates import Verdict
from seatrial_mlflow.connection import connected
from seatrial_mlflow.publishing.publication import VERDICT_DIGEST
from seatrial_mlflow.subject import read_verdict

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["fetch", "run"]

_WRITTEN = ("verdict.json", "verdict.md", "junit.xml")


def run(run_id: str, out: Path, *, tracking_uri: str | None = None) -> Verdict:
    """Fetch the verdict of an evaluation run into a folder like the one that ``decide_promotion`` wrote.

    Args:
        run_id: The run that ``publish_run`` made.
        out: Folder to write.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.

    Raises:
        InputError: There is no such run, it holds no verdict, or the verdict was changed since.
        ServiceError: MLflow does not answer.
    """
    with connected(tracking_uri) as client:
        return fetch(client, run_id, out)


def fetch(client: "MlflowClient", run_id: str, out: Path) -> Verdict:
    """Do what :func:`run` does, with a client at hand."""
    from mlflow.artifacts import download_artifacts

    published = client.get_run(run_id).data.tags.get(VERDICT_DIGEST)
    kept = {item.path for item in client.list_artifacts(run_id, "verdict")}
    if published is None or "verdict/verdict.json" not in kept:
        raise InputError(f"run {run_id}: expected the verdict that publish-run left, there is none")
    with tempfile.TemporaryDirectory(prefix="seatrial-verdict-") as temporary:
        folder = Path(download_artifacts(run_id=run_id, artifact_path="verdict", dst_path=temporary))
        found = digest_file(folder / "verdict.json")
        if found != published:
            raise InputError(
                f"run {run_id}: the verdict that was published had {published}, this has {found}"
            )
        verdict, _ = read_verdict(folder)
        with atomic_folder(out, _WRITTEN) as target:
            for name in _WRITTEN:
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, target / name)
    return verdict

"""Signing: what a statement vouches for is read again and digested here, not taken from somebody's word."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import __version__
from seatrial.digests import digest_file
from seatrial.errors import InputError
from seatrial.gates.verdict import Verdict
from seatrial_mlflow.model_reference import resolve
from seatrial_mlflow.model_source import digest_model, download
from seatrial_mlflow.refusals import RefusedError
from seatrial_mlflow.signing import Attestation, Kind, Purpose, load_signer, seal
from seatrial_mlflow.subject import Subject

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from securesystemslib.signer import CryptoSigner

__all__ = [
    "SIGNING_KEY",
    "VALID_DAYS",
    "Evidence",
    "evidence",
    "purpose_of",
    "sign_rollback",
    "sign_verdict",
    "signer",
]

#: Environment variable that names the file of the private key.
SIGNING_KEY = "SEATRIAL_SIGNING_KEY"

#: How long a statement may be used, unless said otherwise.
VALID_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The files that a verdict was decided from.

    Attributes:
        slices: Folder that ``measure-slices`` wrote.
        policy: The policy file.
        quality: Folder that ``check-data`` wrote; None where no data checks were run.
        report: The HTML report; None where none was rendered.
    """

    slices: Path
    policy: Path
    quality: Path | None = None
    report: Path | None = None

    def check(self, verdict: Verdict) -> None:
        """Digest the files again, and decide again from them.

        Raises:
            RefusedError: They are not those that the verdict names, or do not come to a pass.
            InputError: They cannot be read.
        """
        from seatrial.gates import Policy
        from seatrial.steps import decide_promotion

        found = {
            "policy": Policy.load(self.policy).digest,
            "slice_report": digest_file(self.slices / "slice_report.json"),
            "quality_report": None if self.quality is None else digest_file(self.quality / "quality.json"),
        }
        for what, digest in found.items():
            judged = (verdict.inputs.get(what) or {}).get("digest")
            if judged != digest:
                named = what.replace("_", " ")
                raise RefusedError(
                    f"the {named} is not the one that was judged: it has {digest}, not {judged}"
                )
        again = decide_promotion.again(self.policy, self.slices, quality=self.quality, use=_use(verdict))
        for what in ("candidate", "baseline", "dataset", "use"):
            says = verdict.inputs.get(what)
            if says != again.inputs[what]:
                raise RefusedError(
                    f"the {what} of the verdict is not that of its slices: it says {says}, "
                    f"they say {again.inputs[what]}"
                )
        if not again.promotes:
            raise RefusedError(
                f"decided again from the same files, the verdict is {again.outcome}: not signed"
            )

    def check_uses(self, verdict: Verdict, client: "MlflowClient") -> None:
        """Check that the server counts no more uses of the data set than the verdict was decided at.

        A verdict that was counted in a ledger of its own would be judged at a level that is spent already.

        Raises:
            RefusedError: It does.
        """
        from seatrial.gates import Policy
        from seatrial.gates.ledger import place_of, use_of
        from seatrial.slices import SliceReport
        from seatrial_mlflow.uses import published_uses

        policy = Policy.load(self.policy)
        if policy.dataset.max_uses is None:
            return
        use = use_of(policy, SliceReport.read(self.slices).header)
        counted, said = place_of(use, published_uses(client, use.dataset)), _use(verdict)
        if said is None or said < counted:
            raise RefusedError(
                f"the verdict was decided as use {said or 'that nobody counted'} of the data set, MLflow "
                f"counts it as use {counted}: measure and decide again with --ledger mlflow:"
            )


def _use(verdict: Verdict) -> int | None:
    """Give the number that a verdict was counted as; at another level than the slices it is an error."""
    use = verdict.inputs.get("use")
    number = use.get("number") if isinstance(use, dict) else None
    if number is not None and (not isinstance(number, int) or number < 1):
        raise RefusedError(f"the verdict's use of the data set: expected a number from 1, got {number!r}")
    return number


def signer(key: Path | None) -> "CryptoSigner | None":
    """Load the private key that was given or that the environment names; None where neither names one.

    Raises:
        InputError: It cannot be used.
    """
    named = os.environ.get(SIGNING_KEY)
    path = key or (Path(named) if named else None)
    return None if path is None else load_signer(path)


@contextmanager
def evidence(
    client: "MlflowClient",
    *,
    slices: Path | None,
    policy: Path | None,
    quality: Path | None,
    report: Path | None,
    evaluation_run: str | None,
) -> Iterator[Evidence]:
    """Give the files that were judged: those at hand, else those that the evaluation run keeps.

    Raises:
        InputError: Neither is complete.
    """
    if slices is not None and policy is not None:
        yield Evidence(slices, policy, quality, report)
        return
    if not evaluation_run:
        raise InputError(
            "a signature needs what was judged: give the slices and the policy, or the evaluation run"
        )
    with tempfile.TemporaryDirectory(prefix="seatrial-evidence-") as folder:
        yield _downloaded(client, evaluation_run, Path(folder))


def _downloaded(client: "MlflowClient", run_id: str, folder: Path) -> Evidence:
    from mlflow.artifacts import download_artifacts

    kept = {item.path for item in client.list_artifacts(run_id)}
    for needed in ("slices", "policy.yaml"):
        if needed not in kept:
            raise InputError(
                f"run {run_id}: expected the artifact {needed!r}, got {', '.join(sorted(kept)) or 'none'}"
            )

    def fetch(name: str) -> Path:
        return Path(download_artifacts(run_id=run_id, artifact_path=name, dst_path=str(folder)))

    wanted = {
        name: fetch(name) for name in ("slices", "policy.yaml", "quality", "report.html") if name in kept
    }
    return Evidence(wanted["slices"], wanted["policy.yaml"], wanted.get("quality"), wanted.get("report.html"))


def purpose_of(client: "MlflowClient", name: str, version: str, alias: str, baseline: str | None) -> Purpose:
    """Read a version, its files included, and say what a statement about it is bound to."""
    model = client.get_registered_model(name)
    found = client.get_model_version(name, version)
    with tempfile.TemporaryDirectory(prefix="seatrial-attest-") as folder:
        reference = resolve(client, f"models:/{name}/{version}")
        files = digest_model(download(client, reference, Path(folder)))
    return Purpose(
        name,
        int(model.creation_timestamp),
        version,
        int(found.creation_timestamp),
        found.source or "",
        found.run_id or "",
        files,
        alias,
        baseline,
    )


def sign_verdict(
    purpose: Purpose,
    verdict: Verdict,
    subject: Subject,
    files: Evidence,
    key: "CryptoSigner",
    *,
    client: "MlflowClient",
    evaluation_run: str | None,
    valid_days: float = VALID_DAYS,
) -> str:
    """Check what a verdict rests on and sign it.

    Args:
        purpose: The alias write that it shall allow, from :func:`purpose_of`.
        verdict: The verdict.
        subject: What it is about.
        files: What it was decided from.
        key: The private key.
        client: Of the server, which counts the uses of data sets.
        evaluation_run: Run of ``publish_run``, noted.
        valid_days: For how long it may be used.

    Returns:
        The envelope.

    Raises:
        RefusedError: The files are not those that were judged, or the verdict does not follow from them.
    """
    if purpose.files != subject.candidate_digest:
        raise RefusedError(
            f"version {purpose.version} of {purpose.name} has files {purpose.files}, "
            f"but the verdict judged {subject.candidate_digest}"
        )
    files.check(verdict)
    files.check_uses(verdict, client)
    claims = {
        "outcome": str(verdict.outcome),
        "verdict": subject.verdict_digest,
        "baseline_files": subject.baseline_digest or "",
        "dataset": subject.dataset_digest,
        "policy": subject.policy_digest,
        "slice_report": digest_file(files.slices / "slice_report.json"),
        "quality_report": "" if files.quality is None else digest_file(files.quality / "quality.json"),
        "report": "" if files.report is None else digest_file(files.report),
        "evaluation_run": evaluation_run or "",
        "seatrial": __version__,
    }
    return _sealed(Kind.VERDICT, purpose, claims, key, valid_days)


def sign_rollback(
    purpose: Purpose, reason: str, key: "CryptoSigner", *, valid_days: float = VALID_DAYS
) -> str:
    """Sign that an alias goes back to an older version, for a reason."""
    return _sealed(Kind.ROLLBACK, purpose, {"reason": reason, "seatrial": __version__}, key, valid_days)


def _sealed(
    kind: Kind, purpose: Purpose, claims: dict[str, str], key: "CryptoSigner", valid_days: float
) -> str:
    now = datetime.now(UTC)
    return seal(Attestation(kind, purpose, now, now + timedelta(days=valid_days), claims), key)

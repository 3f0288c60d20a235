"""The step ``promote_model``: the registry alias moves to the candidate, after a verdict that passes.

The step refuses unless the verdict is a pass, the files that are to be promoted are those that were judged
(they are downloaded and digested again), and the alias still points at the champion that they were compared
with. The alias is written last, so a step that was killed is simply run again.

These checks run in the client. They keep an honest pipeline from promoting the wrong thing; they do not
stop somebody who may write to the registry from setting the alias by other means, and MLflow's own alias
write is last-writer-wins, so another promoter can slip in between the last look and the write. Enforcement
has its place in the server: a registry-store plugin (entry-point group ``mlflow.model_registry_store``) that
verifies a signed verdict inside ``set_registered_model_alias`` and compares and sets there. Until one is
installed, the verdict's digest on the version says what was claimed, not what was proven.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import __version__
from seatrial.errors import InputError, SeatrialError
from seatrial.files import write_json
from seatrial.gates.verdict import Outcome, Verdict
from seatrial_mlflow.connection import connected, is_mlflow_uri
from seatrial_mlflow.description import PASSED, VERSION_LIMIT, describe
from seatrial_mlflow.model_reference import ModelReference, resolve
from seatrial_mlflow.model_source import digest_model, download
from seatrial_mlflow.registry import alias_version, registered_aliases, registered_version
from seatrial_mlflow.subject import Subject, read_verdict

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["CHAMPION", "Promotion", "RefusedError", "run"]

#: The alias that serving reads.
CHAMPION = "champion"


class RefusedError(SeatrialError):
    """The model may not be promoted; the alias was left as it was."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What was (or, in a dry run, would be) promoted.

    Attributes:
        name: Registered model.
        version: Its version; empty where a dry run would register a new one.
        alias: The alias.
        previous: The version that the alias pointed at before; None where it was not set.
        changed: Whether the alias moves; False where it points at the version already.
        dry_run: Whether nothing was written.
    """

    name: str
    version: str
    alias: str
    previous: str | None
    changed: bool
    dry_run: bool


def run(
    verdict: Path,
    *,
    model: str | None = None,
    name: str | None = None,
    alias: str = CHAMPION,
    evaluation_run: str | None = None,
    tracking_uri: str | None = None,
    dry_run: bool = False,
    out: Path | None = None,
) -> Promotion:
    """Promote the model that a verdict passed.

    Args:
        verdict: Folder that ``decide_promotion`` wrote, or its ``verdict.json``.
        model: What to promote; by default the verdict's candidate. A run's or logged model's URI is
            registered first.
        name: Registered model; needed where the URI names none.
        alias: Alias to set.
        evaluation_run: Run of ``publish_run``, noted on the version.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        dry_run: Check everything, write nothing.
        out: JSON file that says what was promoted.

    Raises:
        RefusedError: The verdict, the model's files or the champion forbid it; the alias was left alone.
        InputError: The verdict file, the model or the name cannot be used.
        ServiceError: MLflow does not answer.
    """
    judged, subject = read_verdict(verdict)
    _check_verdict(judged)
    uri = model or subject.candidate
    if not is_mlflow_uri(uri):
        raise InputError(f"model {uri}: expected a model that MLflow keeps (runs:/… or models:/…)")
    with connected(tracking_uri) as client:
        reference = resolve(client, uri)
        registered = _registered_name(reference, name)
        _check_files(client, reference, subject)
        version = reference.version or registered_version(client, registered, reference)
        _check_spelling(client, registered, alias)
        current = alias_version(client, registered, alias)
        if version is None or current != version:
            _check_champion(client, registered, alias, current, subject)
        if not dry_run:
            version = version or _register(client, registered, reference)
            _annotate(client, registered, version, judged, subject, run_id=evaluation_run)
            if current != version:
                _move(client, registered, alias, current, version)
    promotion = Promotion(registered, version or "", alias, current, current != version, dry_run)
    if out is not None:
        write_json(out, {field: getattr(promotion, field) for field in promotion.__slots__})
    return promotion


def _check_verdict(verdict: Verdict) -> None:
    if verdict.promotes:
        return
    reasons = [*verdict.problems]
    reasons += [f"{one.rule} on {one.slice}: {one.reason}" for one in verdict.blocking()]
    what = "not decided" if verdict.outcome is Outcome.INCONCLUSIVE else str(verdict.outcome)
    first = f": {reasons[0]}" if reasons else ""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    raise RefusedError(f"the verdict is {what}, only a pass promotes{first}{more}")


def _registered_name(reference: ModelReference, name: str | None) -> str:
    if reference.name is None:
        if not name:
            raise InputError(f"model {reference.uri}: the name of the registered model is needed as well")
        return name
    if name and name != reference.name:
        raise InputError(
            f"model {reference.uri}: expected a version of {name!r}, got one of {reference.name!r}"
        )
    return reference.name


def _digest(client: "MlflowClient", reference: ModelReference) -> str:
    with tempfile.TemporaryDirectory(prefix="seatrial-promote-") as folder:
        return digest_model(download(client, reference, Path(folder)))


def _check_files(client: "MlflowClient", reference: ModelReference, subject: Subject) -> None:
    digest = _digest(client, reference)
    if digest != subject.candidate_digest:
        raise RefusedError(
            f"the verdict is of another model: it judged {subject.candidate} with files "
            f"{subject.candidate_digest}, but {reference.pinned} has {digest}"
        )


def _check_spelling(client: "MlflowClient", name: str, alias: str) -> None:
    # a second alias that reads the same would go live beside the champion, and some databases take it for one
    for known in registered_aliases(client, name):
        if known != alias and known.casefold() == alias.casefold():
            raise RefusedError(f"{name} has the alias {known!r}: expected that spelling, got {alias!r}")


def _check_champion(
    client: "MlflowClient", name: str, alias: str, current: str | None, subject: Subject
) -> None:
    where = f"{name}@{alias}"
    if current is None:
        if subject.baseline is not None:
            raise RefusedError(f"{where} is not set, but the verdict compared with {subject.baseline}")
        return
    if subject.baseline_digest is None:
        raise RefusedError(
            f"{where} is version {current}, but the verdict compared with no champion: "
            f"evaluate models:/{where} as the baseline"
        )
    if _digest(client, resolve(client, f"models:/{name}/{current}")) != subject.baseline_digest:
        raise RefusedError(
            f"{where} is now version {current}, but the verdict compared with {subject.baseline}, "
            "which has other files: judge again against the new champion"
        )


def _register(client: "MlflowClient", name: str, reference: ModelReference) -> str:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    created = client.create_model_version(
        name,
        reference.source,
        run_id=reference.run_id,
        model_id=reference.model_id,
        await_creation_for=0,  # its files were read a moment ago
    )
    return str(created.version)


def _annotate(
    client: "MlflowClient",
    name: str,
    version: str,
    verdict: Verdict,
    subject: Subject,
    *,
    run_id: str | None,
) -> None:
    tags = {
        "seatrial.verdict": str(verdict.outcome),
        "seatrial.verdict_digest": subject.verdict_digest,
        "seatrial.model_digest": subject.candidate_digest,
        "seatrial.baseline_digest": subject.baseline_digest or "",
        "seatrial.dataset_digest": subject.dataset_digest,
        "seatrial.policy_digest": subject.policy_digest,
        "seatrial.evaluation_run": run_id or "",
        "seatrial.version": __version__,
    }
    for key, value in tags.items():
        if value:
            client.set_model_version_tag(name, version, key, value)
    known = client.get_model_version(name, version).description or ""
    # what people wrote stays; what an earlier verdict wrote is replaced
    kept = known.partition(PASSED)[0].rstrip()
    own = describe(verdict, subject, VERSION_LIMIT - len(kept) - 2)
    client.update_model_version(name, version, f"{kept}\n\n{own}" if kept else own)


def _move(client: "MlflowClient", name: str, alias: str, expected: str | None, version: str) -> None:
    # registering takes a while: look again, as late as a client can
    current = alias_version(client, name, alias)
    if current != expected:
        raise RefusedError(
            f"{name}@{alias} moved from {_version(expected)} to {_version(current)} meanwhile: judge again"
        )
    client.set_registered_model_alias(name, alias, version)
    current = alias_version(client, name, alias)
    if current != version:
        raise RefusedError(
            f"{name}@{alias} was set to version {version}, but is {_version(current)} now: "
            "somebody else set it at the same moment, judge again"
        )


def _version(version: str | None) -> str:
    return "no version" if version is None else f"version {version}"

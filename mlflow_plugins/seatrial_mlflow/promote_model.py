"""The step ``promote_model``: the registry alias moves to the candidate, after a verdict that passes.

The step refuses unless the verdict is a pass, the files that are to be promoted are those that were judged
(they are downloaded and digested again), and the alias still points at the champion that they were compared
with. Then it signs what it saw and hands the statement to the registry. A gated registry
(:mod:`seatrial_mlflow.gated_registry`) checks it and compares and sets the alias. Any other registry lets
everybody set it: there the checks of this step are all there is, and it says so. The alias is written last:
a step that was killed is simply run again.
"""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial import __version__
from seatrial.errors import InputError, SeatrialError
from seatrial.files import write_json
from seatrial.gates.verdict import Outcome, Verdict
from seatrial_mlflow.alias import Protection, move, protection
from seatrial_mlflow.attest import SIGNING_KEY, VALID_DAYS, evidence, purpose_of, sign_verdict, signer
from seatrial_mlflow.connection import connected, is_mlflow_uri
from seatrial_mlflow.model_reference import ModelReference, resolve
from seatrial_mlflow.model_source import digest_model, download
from seatrial_mlflow.publishing.description import describe_version
from seatrial_mlflow.refusals import RefusedError, StaleError
from seatrial_mlflow.registry import alias_version, registered_aliases, registered_version
from seatrial_mlflow.subject import Subject, read_verdict
from seatrial_mlflow.webhook import REGISTERED_BY

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from securesystemslib.signer import CryptoSigner

__all__ = ["CHAMPION", "PROMOTION", "Promotion", "RefusedError", "StaleError", "run"]

#: The alias that serving reads.
CHAMPION = "champion"

#: Tag of the evaluation run that says what became of the promotion, as JSON.
PROMOTION = "seatrial.promotion"


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
        protection: Whether the registry itself enforces verdicts on this alias.
    """

    name: str
    version: str
    alias: str
    previous: str | None
    changed: bool
    dry_run: bool
    protection: Protection = Protection.NONE

    def warning(self) -> str | None:
        """Say that the registry does not enforce what was checked; None where it does."""
        if self.protection is Protection.ENFORCED:
            return None
        why = "has no gate" if self.protection is Protection.NONE else "does not protect this alias"
        return (
            f"note: the registry {why}, so it enforces nothing: "
            f"anybody who may write to it can move {self.name}@{self.alias} without a verdict"
        )

    def to_json(self) -> dict[str, Any]:
        """Write what became of it, for a pipeline to act on."""
        outcome = "promoted" if self.changed else "unchanged"
        return {"outcome": outcome, **{field: getattr(self, field) for field in self.__slots__}}


def run(
    verdict: Path,
    *,
    model: str | None = None,
    name: str | None = None,
    alias: str = CHAMPION,
    evaluation_run: str | None = None,
    slices: Path | None = None,
    policy: Path | None = None,
    quality: Path | None = None,
    report: Path | None = None,
    key: Path | None = None,
    valid_days: float = VALID_DAYS,
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
        evaluation_run: Run of ``publish_run``, noted on the version. The signer reads from it what was
            judged, where ``slices`` and ``policy`` are not given.
        slices: Folder that ``measure_slices`` wrote, for the signer.
        policy: The policy file, for the signer.
        quality: Folder that ``check_data`` wrote, for the signer.
        report: The HTML report, for the signer.
        key: File of the private key; by default what ``SEATRIAL_SIGNING_KEY`` names. Needed where the
            registry protects the alias.
        valid_days: For how long the signed verdict may be used.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        dry_run: Check everything, write nothing.
        out: JSON file that says what became of it: ``outcome`` is ``promoted``, ``unchanged``, ``refused`` or
            ``stale``.

    Raises:
        StaleError: The champion is another by now: evaluate again; the alias was left alone.
        RefusedError: The verdict, the model's files or the registry forbid it; the alias was left alone.
        InputError: The verdict file, the model, the name or the key cannot be used.
        ServiceError: MLflow does not answer.
    """
    order = _Order(verdict, name, alias, evaluation_run, slices, policy, quality, report, valid_days, dry_run)
    try:
        promotion = _run(order, model, key, tracking_uri)
    except RefusedError as error:
        outcome = "stale" if isinstance(error, StaleError) else "refused"
        told = {"outcome": outcome, "reason": str(error), "alias": alias, "dry_run": dry_run}
        _tell(told, out, order, tracking_uri)
        raise
    _tell(promotion.to_json(), out, order, tracking_uri)
    return promotion


def _tell(told: dict[str, Any], out: Path | None, order: "_Order", tracking_uri: str | None) -> None:
    """Write down what became of it: in a file, and on the evaluation run for whoever looks there."""
    if out is not None:
        write_json(out, told)
    if order.evaluation_run and not order.dry_run:
        try:
            with connected(tracking_uri) as client:
                client.set_tag(order.evaluation_run, PROMOTION, json.dumps(told, sort_keys=True))
        except SeatrialError as error:  # the alias is what it is: a note that is missing changes nothing
            sys.stderr.write(f"promote: not noted on run {order.evaluation_run}: {error}\n")


@dataclass(frozen=True, slots=True)
class _Order:
    """What is asked for; see :func:`run`."""

    verdict: Path
    name: str | None
    alias: str
    evaluation_run: str | None
    slices: Path | None
    policy: Path | None
    quality: Path | None
    report: Path | None
    valid_days: float
    dry_run: bool


def _run(order: _Order, model: str | None, key: Path | None, tracking_uri: str | None) -> Promotion:
    judged, subject = read_verdict(order.verdict)
    _check_verdict(judged)
    private = signer(key)
    uri = model or subject.candidate
    if not is_mlflow_uri(uri):
        raise InputError(f"model {uri}: expected a model that MLflow keeps (runs:/… or models:/…)")
    with connected(tracking_uri) as client:
        reference = resolve(client, uri)
        name = _registered_name(reference, order.name)
        _check_files(client, reference, subject)
        version = reference.version or registered_version(client, name, reference)
        _check_spelling(client, name, order.alias)
        current = alias_version(client, name, order.alias)
        if version is None or current != version:
            _check_champion(client, name, order.alias, current, subject)
        if version is None and not order.dry_run:
            version = _register(client, name, reference)
        protected = protection(client, name, order.alias)
        changed = version is None or current != version
        if changed and protected is Protection.ENFORCED and private is None:
            raise InputError(
                f"{name}@{order.alias} is protected by its registry: give the key that signs verdicts, "
                f"or set {SIGNING_KEY} to its file"
            )
        if version is not None and not order.dry_run:
            envelope = None
            if changed and private is not None:
                envelope = _signed(client, order, name, version, current, judged, subject, private)
            _annotate(client, name, version, judged, subject, order.evaluation_run, protected)
            if changed:
                move(
                    *(client, name, order.alias, version),
                    expected=current,
                    envelope=envelope,
                    protected=protected,
                )
    return Promotion(name, version or "", order.alias, current, changed, order.dry_run, protected)


def _signed(
    client: "MlflowClient",
    order: _Order,
    name: str,
    version: str,
    current: str | None,
    judged: Verdict,
    subject: Subject,
    private: "CryptoSigner",
) -> str:
    purpose = purpose_of(client, name, version, order.alias, current)
    with evidence(
        client,
        slices=order.slices,
        policy=order.policy,
        quality=order.quality,
        report=order.report,
        evaluation_run=order.evaluation_run,
    ) as files:
        return sign_verdict(
            *(purpose, judged, subject, files, private),
            client=client,
            evaluation_run=order.evaluation_run,
            valid_days=order.valid_days,
        )


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
            raise StaleError(f"{where} is not set, but the verdict compared with {subject.baseline}")
        return
    if subject.baseline_digest is None:
        raise StaleError(
            f"{where} is version {current}, but the verdict compared with no champion: "
            f"evaluate models:/{where} as the baseline"
        )
    if _digest(client, resolve(client, f"models:/{name}/{current}")) != subject.baseline_digest:
        raise StaleError(
            f"{where} is now version {current}, but the verdict compared with {subject.baseline}, "
            "which has other files: evaluate again against the new champion"
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
        tags={REGISTERED_BY: "seatrial promote-model"},  # it was judged: nothing is to judge it once more
        await_creation_for=0,  # its files were read a moment ago
    )
    return str(created.version)


def _annotate(
    client: "MlflowClient",
    name: str,
    version: str,
    verdict: Verdict,
    subject: Subject,
    run_id: str | None,
    protected: Protection,
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
    if protected is not Protection.NONE:
        tags = {}  # a gate writes them itself, from what was signed
    for key, value in tags.items():
        if value:
            client.set_model_version_tag(name, version, key, value)
    known = client.get_model_version(name, version).description or ""
    client.update_model_version(name, version, describe_version(known, verdict, subject))

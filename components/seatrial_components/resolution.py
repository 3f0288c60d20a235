"""What a run judges, pinned: an alias becomes a version, a data set its digest, a policy a checked file."""

import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from seatrial.datasets import DatasetManifest, read_dataset
from seatrial.digests import digest_tree
from seatrial.errors import InputError
from seatrial.files import write_text
from seatrial.gates import Policy
from seatrial.images import PROPERTIES
from seatrial.slices import parse
from seatrial.slices.membership import fit, members
from seatrial.spelling import one_of

__all__ = ["Resolved", "check_slices", "pin_model", "resolve"]

_ALIAS = re.compile(r"models:/(?P<name>[^/@]+)@(?P<alias>[\w-]+)/?")


#: Attributes that an evaluation adds to those of the data.
_MEASURED = (*PROPERTIES, "label", "prediction", "confidence", "loss")


class Resolved(NamedTuple):
    """The pinned inputs of a run.

    Attributes:
        model: The candidate's URI; a version instead of an alias.
        model_digest: Digest of the candidate's files; never the same twice for what can change unseen.
        baseline: The champion's URI; empty where there is none.
        baseline_digest: As ``model_digest``.
        dataset_digest: Content digest of the evaluation data.
        reference_digest: Content digest of the reference data; empty where there is none.
    """

    model: str
    model_digest: str
    baseline: str
    baseline_digest: str
    dataset_digest: str
    reference_digest: str


def resolve(
    model: str,
    dataset: str,
    policy: str,
    policy_file: str,
    *,
    baseline: str,
    reference: str,
    tracking_uri: str,
) -> Resolved:
    """Pin everything that a run judges, before any model runs.

    Args:
        model: The candidate's URI.
        dataset: Specification of the evaluation data.
        policy: The policy's text.
        policy_file: Where the checked policy is written.
        baseline: The champion's URI; empty for none; an alias that is not set yet means none.
        reference: Specification of the reference data; empty for none.
        tracking_uri: MLflow server that aliases are resolved on; empty keeps the environment's.

    Raises:
        InputError: The policy, the data or a model URI cannot be used.
        ServiceError: MLflow does not answer.
    """
    rules = Policy.parse(policy, "policy")
    candidate = pin_model(model, tracking_uri)
    if candidate is None:
        raise InputError(f"model {model}: the alias is not set on any version")
    champion = (pin_model(baseline, tracking_uri) or "") if baseline else ""
    _tell(candidate, champion, baseline)
    manifest = read_dataset(dataset)
    check_slices(rules, manifest)
    held_against = read_dataset(reference).digest if reference else ""
    write_text(Path(policy_file), policy)
    digests = [_content(uri, tracking_uri) if uri else "" for uri in (candidate, champion)]
    return Resolved(candidate, digests[0], champion, digests[1], manifest.digest, held_against)


def pin_model(uri: str, tracking_uri: str) -> str | None:
    """Replace what may move (an alias, the latest model of a run) by what it names now.

    Args:
        uri: A model URI.
        tracking_uri: MLflow server; empty keeps the environment's.

    Returns:
        The pinned URI; a path as it is; None where the alias is not set on any version.

    Raises:
        InputError: MLflow knows no such run, model or version.
        ServiceError: MLflow does not answer.
    """
    from seatrial_mlflow.connection import connected, is_mlflow_uri
    from seatrial_mlflow.model_reference import resolve as refer
    from seatrial_mlflow.registry import version_of_alias

    if found := _ALIAS.fullmatch(uri):
        version = version_of_alias(found["name"], found["alias"], tracking_uri=tracking_uri or None)
        return None if version is None else f"models:/{found['name']}/{version}"
    if not is_mlflow_uri(uri):
        return uri
    with connected(tracking_uri or None) as client:
        return refer(client, uri).pinned


def check_slices(policy: Policy, manifest: DatasetManifest) -> None:
    """Refuse slices that the data cannot give, before a model runs for them.

    Raises:
        InputError: A slice names a column that is not there, or compares it with what it does not hold.
    """
    known = set(manifest.table.column_names)
    for name, spec in policy.specs.items():
        if spec.level == "object":
            continue  # what objects are sliced by is partly what the model predicts
        columns = {*(spec.by or ()), *(parse(spec.where).columns if spec.where else ())}
        for column in sorted(columns - known - set(_MEASURED)):
            attributes = [*manifest.metadata, *_MEASURED]
            raise InputError(f"policy: slices {name!r}: {one_of(column, attributes, 'an attribute')}")
        if columns <= known:
            members(fit({name: spec}, manifest.table), manifest.table)


def _tell(candidate: str, champion: str, baseline: str) -> None:
    absent = f"none, {baseline} is not set yet" if baseline else "none"
    sys.stderr.write(f"candidate: {candidate}\nchampion: {champion or absent}\n")


def _content(uri: str, tracking_uri: str) -> str:
    """Digest a model's files: the name of a version does not say what its store holds now."""
    from seatrial_mlflow.connection import connected, is_mlflow_uri
    from seatrial_mlflow.model_reference import resolve as refer
    from seatrial_mlflow.model_source import digest_model, download

    if is_mlflow_uri(uri):
        with (
            connected(tracking_uri or None) as client,
            tempfile.TemporaryDirectory(prefix="seatrial-resolve-") as folder,
        ):
            return digest_model(download(client, refer(client, uri), Path(folder)))
    path = Path(uri)
    if path.is_file():
        return digest_tree(path)
    # a Python callable, a file on an object store: nothing is to be reused for these
    return f"once:{uuid4().hex}"

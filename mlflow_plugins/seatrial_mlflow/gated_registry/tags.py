"""The tags by which a signed statement reaches the gate, and those that the gate leaves behind."""

from typing import Any

from seatrial_mlflow.signing import Attestation, Kind, Opened

__all__ = ["GATE_TAG", "accepted_tags", "attestation_tag", "claimed_tags", "submission_tag"]

#: Tag of a registered model that a gated registry shows and stores nowhere.
GATE_TAG = "seatrial.gate"


def submission_tag(alias: str) -> str:
    """Name the version tag in which anybody may hand a signed statement to the gate."""
    return f"seatrial-attestation.{alias}"


def attestation_tag(alias: str) -> str:
    """Name the version tag in which the statement stays on which an alias moved."""
    return f"seatrial.attestation.{alias}"


def claimed_tags(attestation: Attestation) -> dict[str, str]:
    """Give the tags that tell people what a statement rests on."""
    claims, purpose = attestation.claims, attestation.purpose
    if attestation.kind is Kind.ROLLBACK:
        return {"seatrial.rollback": str(claims.get("reason", "")), "seatrial.model_digest": purpose.files}
    tags: dict[str, Any] = {
        "seatrial.verdict": claims.get("outcome"),
        "seatrial.verdict_digest": claims.get("verdict"),
        "seatrial.model_digest": purpose.files,
        "seatrial.baseline_digest": claims.get("baseline_files"),
        "seatrial.dataset_digest": claims.get("dataset"),
        "seatrial.policy_digest": claims.get("policy"),
        "seatrial.evaluation_run": claims.get("evaluation_run"),
        "seatrial.version": claims.get("seatrial"),
    }
    return {key: str(value) for key, value in tags.items() if value}


def accepted_tags(opened: Opened, envelope: str) -> dict[str, str]:
    """Give the tags that the gate writes when an alias moves."""
    attestation = opened.attestation
    return {**claimed_tags(attestation), attestation_tag(attestation.purpose.alias): envelope}

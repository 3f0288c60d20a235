"""The verbs around the registry: promotion, rollback, verification, keys."""

from pathlib import Path

import typer

__all__ = ["generate_key", "promote_model", "register", "rollback_model", "show_key", "verify"]

#: Exit code of a refusal; 0 is done, 2 is an error of the user.
REFUSED = 1

#: Exit code where the champion moved meanwhile: evaluate again.
STALE = 5


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("promote-model")(promote_model)
    app.command("rollback-model")(rollback_model)
    app.command("verify")(verify)
    keys = typer.Typer(help="Make and show the keys that sign verdicts and rollbacks.", no_args_is_help=True)
    keys.command("generate")(generate_key)
    keys.command("show")(show_key)
    app.add_typer(keys, name="keys")


def promote_model(
    *,
    verdict: Path = typer.Option(..., help="Folder that decide-promotion wrote, or its verdict.json."),
    model: str | None = typer.Option(None, help="What to promote; by default the verdict's candidate."),
    name: str | None = typer.Option(None, help="Registered model; needed where the URI names none."),
    alias: str = typer.Option("champion", help="Alias to set."),
    evaluation_run: str | None = typer.Option(
        None, help="Run of publish-run, noted on the version; the signer reads from it what was judged."
    ),
    slices: Path | None = typer.Option(
        None, help="Folder that measure-slices wrote; by default the evaluation run's."
    ),
    policy: Path | None = typer.Option(None, help="The policy file; by default the evaluation run's."),
    quality: Path | None = typer.Option(None, help="Folder that check-data wrote."),
    report: Path | None = typer.Option(None, help="HTML file that render-report wrote."),
    key: Path | None = typer.Option(
        None, help="Private key that signs the verdict; by default SEATRIAL_SIGNING_KEY."
    ),
    valid_days: float = typer.Option(7.0, min=0.001, help="For how long the signed verdict may be used."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Check everything, write nothing."),
    out: Path | None = typer.Option(None, help="JSON file that says what became of it."),
) -> None:
    """Point a registry alias at the model that a verdict passed; anything but a pass is refused.

    The model's files must be those that were judged, and the alias must still point at the champion that
    they were compared with. A gated registry takes the verdict only signed: the key's holder reads model,
    slices and policy again and decides again before it signs. Exit code 0: promoted (or was already),
    1: refused, 2: cannot be done, 5: the champion is another by now, evaluate again.

    Example: seatrial promote-model --verdict verdict --slices slices --policy policy.yaml --key pipeline.pem
    """
    from seatrial.gates.plain import plain
    from seatrial_mlflow import promote_model as step

    try:
        promotion = step.run(
            verdict,
            model=model,
            name=name,
            alias=alias,
            evaluation_run=evaluation_run,
            slices=slices,
            policy=policy,
            quality=quality,
            report=report,
            key=key,
            valid_days=valid_days,
            tracking_uri=tracking_uri,
            dry_run=dry_run,
            out=out,
        )
    except step.RefusedError as error:
        typer.echo(f"seatrial: refused: {plain(error)}", err=True)
        raise typer.Exit(STALE if isinstance(error, step.StaleError) else REFUSED) from error
    would = "would point" if dry_run else ("now points" if promotion.changed else "points already")
    version = f"version {promotion.version}" if promotion.version else "a new version"
    before = f" (before: version {promotion.previous})" if promotion.changed and promotion.previous else ""
    typer.echo(f"{promotion.name}@{promotion.alias} {would} at {version}{before}")
    if warning := promotion.warning():
        typer.echo(f"seatrial: {warning}", err=True)


def generate_key(
    path: Path = typer.Argument(..., help="File of the private key; an existing one is never replaced."),
) -> None:
    """Make an ed25519 key pair: the private key goes into a file, the public one is shown for the gate file.

    Example: seatrial keys generate pipeline.pem
    """
    from seatrial_mlflow.signing import generate

    _show(generate(path).keyval["public"], f"private key in {path} (keep it secret)")


def show_key(path: Path = typer.Argument(..., help="File of a private key.")) -> None:
    """Show the public half of a private key, as a gate file lists it.

    Example: seatrial keys show pipeline.pem
    """
    from seatrial_mlflow.signing import read_public

    _show(read_public(path).keyval["public"], f"public key of {path}")


def _show(public: str, told: str) -> None:
    typer.echo(f"# {told}")
    typer.echo(f"keys:\n  - public: {public}\n    may: [verdict]  # or [rollback]")


def rollback_model(
    *,
    name: str = typer.Option(..., help="Registered model."),
    version: str = typer.Option(..., help="Version that the alias shall point at."),
    reason: str = typer.Option(..., help="Why; it is signed, and stays in the registry."),
    alias: str = typer.Option("champion", help="The alias."),
    key: Path | None = typer.Option(None, help="Private key; by default SEATRIAL_SIGNING_KEY."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Write nothing."),
) -> None:
    """Point a registry alias back at an older version, on a signature instead of a verdict.

    Example: seatrial rollback-model --name solar --version 3 --reason "night images fail" --key operator.pem
    """
    from seatrial.gates.plain import plain
    from seatrial_mlflow import rollback_model as step
    from seatrial_mlflow.refusals import RefusedError, StaleError

    try:
        done = step.run(
            name, version, reason=reason, alias=alias, key=key, tracking_uri=tracking_uri, dry_run=dry_run
        )
    except RefusedError as error:
        typer.echo(f"seatrial: refused: {plain(error)}", err=True)
        raise typer.Exit(STALE if isinstance(error, StaleError) else REFUSED) from error
    would = "would point" if dry_run else ("now points" if done.changed else "points already")
    typer.echo(f"{done.name}@{done.alias} {would} at version {done.version}")


def verify(
    model: str = typer.Argument(..., help="models:/solar@champion, or a folder with a downloaded model."),
    *,
    keys: Path = typer.Option(..., help="Key file or gate file with the public keys that are trusted."),
    alias: str | None = typer.Option(None, help="Alias; by default the one in the URI, else champion."),
    attestation: Path | None = typer.Option(
        None, help="Signed statement, for a folder; by default the version's."
    ),
    save: Path | None = typer.Option(
        None, help="Write the statement here, to verify without a server later."
    ),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
) -> None:
    """Check before a deployment that a model's files are those that were judged, signed and promoted.

    Believes nothing but what a trusted key signed. With a folder and a saved statement no server is asked.
    Exit code 0: they are, 1: they are not, 2: cannot be done.

    Example: seatrial verify models:/solar@champion --keys keys.yaml --save attestation.json
    """
    from seatrial.gates.plain import plain
    from seatrial_mlflow import verify_model as step
    from seatrial_mlflow.refusals import RefusedError

    try:
        found = step.run(
            model, keys, alias=alias, attestation=attestation, tracking_uri=tracking_uri, save=save
        )
    except RefusedError as error:
        typer.echo(f"seatrial: refused: {plain(error)}", err=True)
        raise typer.Exit(REFUSED) from error
    purpose, signed = found.attestation.purpose, found.attestation
    typer.echo(
        f"verified: version {plain(purpose.version)} of {plain(purpose.name)} for {plain(purpose.alias)}, "
        f"{signed.kind} of {signed.issued:%Y-%m-%d %H:%M} UTC, key {found.key_id[:12]}…, files {found.files}"
    )

"""The verbs that this package adds to the ``seatrial`` program."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from seatrial_mlflow.publish_run import PublishedRun

__all__ = ["promote_model", "publish_run", "register", "replay_run"]

#: Exit code of a refusal by the verdict, by the model's files or by the champion.
REFUSED = 1


def register(app: typer.Typer) -> None:
    """Add this package's verbs."""
    app.command("publish-run")(publish_run)
    app.command("replay-run")(replay_run)
    app.command("promote-model")(promote_model)


def publish_run(
    *,
    verdict: Path = typer.Option(..., help="Folder that decide-promotion wrote, or its verdict.json."),
    slices: Path = typer.Option(..., help="Folder that measure-slices wrote."),
    quality: Path | None = typer.Option(None, help="Folder that check-data wrote."),
    report: Path | None = typer.Option(None, help="HTML file that render-report wrote."),
    evaluation: Path | None = typer.Option(None, help="The candidate's evaluation folder."),
    policy: Path | None = typer.Option(None, help="The policy file."),
    dataset: str | None = typer.Option(None, help="The data set, shown as its source: images:data/val"),
    parent_run: str | None = typer.Option(
        None, help="Run to nest under; by default the run that trained the candidate."
    ),
    experiment: str | None = typer.Option(None, help="Experiment, for a run without a parent."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Connect to nothing; show what would be logged."),
    offline: Path | None = typer.Option(
        None, metavar="DIR", help="Connect to nothing; write what would be logged, for replay-run."
    ),
    out: Path | None = typer.Option(None, help="JSON file that says what was (or would be) logged."),
) -> None:
    """Log a verdict and everything behind it as a run in MLflow, nested under the training run.

    Logs parameters, overall and slice metrics (about 200 keys, the most important first; the rest is in a
    table), the data set, the report and the verdict. Publishing the same verdict again completes its run.

    Example: seatrial publish-run --verdict verdict --slices slices --report report.html
    --tracking-uri http://127.0.0.1:5000
    """
    from seatrial_mlflow import publish_run as step

    published = step.run(
        verdict,
        slices,
        quality=quality,
        report=report,
        evaluation=evaluation,
        policy=policy,
        dataset=dataset,
        parent_run=parent_run,
        experiment=experiment,
        tracking_uri=tracking_uri,
        dry_run=dry_run,
        offline=offline,
        out=out,
    )
    if dry_run:
        typer.echo(json.dumps(published.logged, indent=2, ensure_ascii=False))
    elif offline is not None:
        typer.echo(f"written: {_what(published)} → {offline}; log them with: seatrial replay-run {offline}")
    else:
        _say_published(published)


def replay_run(
    folder: Path = typer.Argument(..., metavar="DIR", help="What publish-run --offline wrote."),
    *,
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
    out: Path | None = typer.Option(None, help="JSON file that says what was logged."),
) -> None:
    """Log to MLflow what publish-run wrote where no MLflow could be reached.

    The folder can be copied to another machine. It is refused if a file in it was changed. Replaying it
    again completes the same run.

    Example: seatrial replay-run offline --tracking-uri http://127.0.0.1:5000
    """
    from seatrial_mlflow import publish_run as step

    _say_published(step.replay(folder, tracking_uri=tracking_uri, out=out))


def _what(published: "PublishedRun") -> str:
    more = f", {published.left_out} more numbers in slices.json" if published.left_out else ""
    return f"{published.metrics} metrics{more}"


def _say_published(published: "PublishedRun") -> None:
    new = "published" if published.created else "published again"
    typer.echo(f"{new}: {_what(published)} → {published.url or published.run_id}")


def promote_model(
    *,
    verdict: Path = typer.Option(..., help="Folder that decide-promotion wrote, or its verdict.json."),
    model: str | None = typer.Option(None, help="What to promote; by default the verdict's candidate."),
    name: str | None = typer.Option(None, help="Registered model; needed where the URI names none."),
    alias: str = typer.Option("champion", help="Alias to set."),
    evaluation_run: str | None = typer.Option(None, help="Run of publish-run, noted on the version."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Check everything, write nothing."),
    out: Path | None = typer.Option(None, help="JSON file that says what was promoted."),
) -> None:
    """Point a registry alias at the model that a verdict passed; anything but a pass is refused.

    The model's files must be those that were judged, and the alias must still point at the champion that
    they were compared with. Exit code 0: promoted (or was already), 1: refused, 2: cannot be done.

    Example: seatrial promote-model --verdict verdict --name solar --alias champion
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
            tracking_uri=tracking_uri,
            dry_run=dry_run,
            out=out,
        )
    except step.RefusedError as error:
        typer.echo(f"seatrial: refused: {plain(error)}", err=True)
        raise typer.Exit(REFUSED) from error
    would = "would point" if dry_run else ("now points" if promotion.changed else "points already")
    version = f"version {promotion.version}" if promotion.version else "a new version"
    before = f" (before: version {promotion.previous})" if promotion.changed and promotion.previous else ""
    typer.echo(f"{promotion.name}@{promotion.alias} {would} at {version}{before}")

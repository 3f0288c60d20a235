"""The verbs that this package adds to the ``seatrial`` program."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seatrial_mlflow import registry_commands

if TYPE_CHECKING:
    from seatrial_mlflow.publish_run import PublishedRun

__all__ = ["compare", "fetch_verdict", "notify", "publish_quality", "publish_run", "register", "replay_run"]


def register(app: typer.Typer) -> None:
    """Add this package's verbs."""
    app.command("publish-run")(publish_run)
    app.command("publish-quality")(publish_quality)
    app.command("replay-run")(replay_run)
    app.command("compare")(compare)
    app.command("fetch-verdict")(fetch_verdict)
    app.command("notify")(notify)
    registry_commands.register(app)


def publish_run(
    *,
    verdict: Path = typer.Option(..., help="Folder that decide-promotion wrote, or its verdict.json."),
    slices: Path = typer.Option(..., help="Folder that measure-slices wrote."),
    quality: Path | None = typer.Option(None, help="Folder that check-data wrote."),
    report: Path | None = typer.Option(None, help="HTML file that render-report wrote."),
    evaluation: Path | None = typer.Option(None, help="The candidate's evaluation folder."),
    policy: Path | None = typer.Option(None, help="The policy file."),
    blind_spots: Path | None = typer.Option(None, help="Folder that find-blind-spots wrote."),
    figures: Path | None = typer.Option(None, help="Folder of figures that render-report wrote."),
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
        blind_spots=blind_spots,
        figures=figures,
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


def publish_quality(
    *,
    quality: Path = typer.Option(..., help="Folder that check-data wrote."),
    dataset: str | None = typer.Option(None, help="The data, shown as its source: images:data/train"),
    experiment: str | None = typer.Option(None, help="Experiment, for a run without a parent."),
    parent_run: str | None = typer.Option(None, help="Run to nest under."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
) -> None:
    """Log what data checks found as a run in MLflow, without a model.

    Logs the findings of each check as metrics, all findings as a table, the data set, and the pages and
    exports as artifacts. Publishing the same findings again completes their run.

    Example: seatrial publish-quality --quality quality --tracking-uri http://127.0.0.1:5000
    """
    from seatrial_mlflow import publish_quality as step

    _say_published(
        step.run(
            quality, dataset=dataset, experiment=experiment, parent_run=parent_run, tracking_uri=tracking_uri
        )
    )


def compare(
    runs: list[str] = typer.Argument(
        ..., metavar="RUN…", help="Ids of two or more runs that publish-run made."
    ),
    *,
    out: Path = typer.Option(Path("comparison.html"), help="HTML file to write."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
) -> None:
    """Write one HTML file with the verdicts and slices of several runs side by side.

    Every slice is a row and every run a column; the best and the worst run of a row are marked where their
    intervals do not meet.

    Example: seatrial compare 1f0c… 7ab2… --tracking-uri http://127.0.0.1:5000
    """
    from seatrial_mlflow import compare_runs

    compare_runs.run(runs, out, tracking_uri=tracking_uri)
    typer.echo(f"{len(runs)} runs compared → {out}")


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


def fetch_verdict(
    *,
    run: str = typer.Option(..., "--run", metavar="ID", help="The evaluation run that publish-run made."),
    out: Path = typer.Option(..., help="Folder to write."),
    tracking_uri: str | None = typer.Option(None, help="MLflow server; by default MLFLOW_TRACKING_URI."),
) -> None:
    """Take the verdict of a published run back as files, checked to be the one that was published.

    Writes verdict.json, verdict.md and junit.xml, as decide-promotion did: promote-model takes the folder.

    Example: seatrial fetch-verdict --run 3f2a... --out verdict --tracking-uri http://127.0.0.1:5000
    """
    from seatrial_mlflow import fetch_verdict as step

    typer.echo(f"{step.run(run, out, tracking_uri=tracking_uri).outcome} → {out}")


def notify(
    *,
    verdict: Path = typer.Option(..., help="Folder that decide-promotion wrote, or its verdict.json."),
    promotion: Path | None = typer.Option(None, help="JSON file that promote-model --out wrote."),
    published: Path | None = typer.Option(None, help="JSON file that publish-run --out wrote, for the link."),
    on: list[str] = typer.Option(["refusal", "promotion"], help="What to tell of: refusal, promotion, pass."),
    destinations: Path | None = typer.Option(
        None, metavar="FILE", help="Apprise URLs, one a line; by default SEATRIAL_NOTIFY."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Send nothing; show what would be sent."),
) -> None:
    """Tell people of a refusal or a promotion: by Slack, Teams, mail, a webhook or whatever apprise knows.

    Destinations hold passwords, so they come from a file or the environment and are never shown. Exit code
    0: told, or not asked to tell of this; 2: a destination did not take it (the others did).

    Example: SEATRIAL_NOTIFY="slack://..." seatrial notify --verdict verdict --promotion promotion.json
    """
    from seatrial_mlflow import notify as step

    notice = step.run(
        verdict,
        promotion=promotion,
        published=published,
        on=on,
        destinations=destinations,
        dry_run=dry_run,
    )
    if dry_run:
        typer.echo(f"{notice.title}\n\n{notice.body}")
    elif notice.sent:
        typer.echo(f"{notice.event}: told {notice.sent} destination{'' if notice.sent == 1 else 's'}")
    else:
        typer.echo(f"{notice.event}: told nobody, as it was not asked for")

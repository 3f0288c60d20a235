"""The verbs that this package adds to the ``seatrial`` program."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seatrial_pipelines.data_quality_command import data_quality
from seatrial_pipelines.demo.command import demo

__all__ = ["register"]

_Config = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="What to judge; `seatrial init` writes one.")
]
_Experiment = Annotated[
    str | None, typer.Option(metavar="NAME", help="Kubeflow experiment; by default kubeflow.experiment.")
]
_Namespace = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Namespace, on multi-user Kubeflow; by default kubeflow.namespace."),
]
_Account = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Account that the pods run as; by default kubeflow.service_account."),
]
_Caching = Annotated[
    bool | None,
    typer.Option(
        "--caching/--no-caching",
        help="Let Kubeflow reuse results of the same inputs; by default kubeflow.caching.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this package's verbs."""
    app.command("init")(init)
    app.command("run")(run)
    app.command("data-quality")(data_quality)
    app.command("compile")(compile_)
    app.command("submit")(submit)
    app.command("trigger")(trigger)
    app.command("demo")(demo)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to write to.")] = Path(),
    *,
    task: Annotated[str, typer.Option(help="classification, detection or segmentation.")] = "classification",
) -> None:
    """Write a commented seatrial.yaml and policy.yaml to start from.

    Files that are there already are left alone.

    Example: seatrial init my-project --task detection
    """
    from seatrial.fields import one_of
    from seatrial_pipelines.starter import TASKS, write_starter

    written, kept = write_starter(folder, one_of({"--task": task}, "--task", tuple(TASKS)))
    for path in kept:
        typer.echo(f"kept     {path} (it is there already)")
    for path in written:
        typer.echo(f"written  {path}")
    config = folder / "seatrial.yaml"
    typer.echo(f"\nNext: edit {config} (model, dataset, mlflow), then {folder / 'policy.yaml'}, and")
    typer.echo(f"  seatrial run --config {config} --dry-run   # checks everything, runs nothing")
    typer.echo(f"  seatrial run --config {config}")


def run(
    config: _Config = Path("seatrial.yaml"),
    *,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Read the data, load the models, say what would run, run nothing."),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run the models even if nothing has changed since an earlier run.")
    ] = False,
) -> None:
    """Judge a model on this machine: evaluate, slice, check, decide, report, publish, promote.

    Runs the pipeline post_training through Kubeflow's local executor. Everything that can be checked is
    checked before the model runs. Leaves evaluation, slices, quality, verdict and report.html in the
    folder that the configuration calls `out`. What a model did is kept in `.seatrial-cache`, so that a
    change of the policy alone runs no model again.

    Exit codes: 0 pass, 1 fail, 2 user error, 3 inconclusive, 4 error.

    Example: seatrial run --config seatrial.yaml
    """
    from seatrial_pipelines.config import RunConfig
    from seatrial_pipelines.preflight import check, rehearse

    plan = check(RunConfig.load(config))
    if dry_run:
        rehearse(plan)
        typer.echo(plan.describe())
        return
    from seatrial_pipelines.local import run_locally
    from seatrial_pipelines.summary import conclude

    finished = run_locally(plan.arguments, plan.out, cache=None if fresh else plan.cache)
    code, text = conclude(finished, plan.out, plan.arguments["tracking_uri"])
    sys.stderr.flush()
    typer.echo(text)
    raise typer.Exit(code)


def compile_(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Its section `kubeflow` says what the pods get."),
    ] = None,
) -> None:
    """Compile the pipelines to YAML that Kubeflow Pipelines takes.

    Writes one file a pipeline. Set SEATRIAL_IMAGE to the image that your cluster pulls.

    Example: SEATRIAL_IMAGE=registry.example/seatrial:0.1.0 seatrial compile --out pipelines/
    """
    from seatrial_pipelines.compilation import compile_pipelines
    from seatrial_pipelines.config import RunConfig

    cluster = None if config is None else RunConfig.load(config).kubeflow
    for path in compile_pipelines(out, cluster):
        typer.echo(f"written  {path}")


def submit(
    host: Annotated[
        str, typer.Option("--host", metavar="URL", help="Address of the Kubeflow Pipelines API.")
    ],
    config: _Config = Path("seatrial.yaml"),
    *,
    experiment: _Experiment = None,
    namespace: _Namespace = None,
    service_account: _Account = None,
    caching: _Caching = None,
) -> None:
    """Run a pipeline on Kubeflow with the inputs of a configuration.

    Its section `kubeflow` names the pipeline, post_training or sharded_post_training, and what its pods get:
    GPUs, memory, secrets. What is given here goes before it.

    Models, data and MLflow are named by addresses that the cluster can reach: local paths are refused.

    Example: seatrial submit --host http://localhost:8080 --config seatrial.yaml
    """
    from seatrial_pipelines.config import RunConfig
    from seatrial_pipelines.submission import submit_run

    submitted = submit_run(
        RunConfig.load(config),
        host,
        experiment=experiment,
        namespace=namespace,
        service_account=service_account,
        caching=caching,
    )
    typer.echo(f"submitted  {submitted}")


def trigger(
    host: Annotated[
        str, typer.Option("--host", metavar="URL", help="Address of the Kubeflow Pipelines API.")
    ],
    config: Annotated[
        list[Path],
        typer.Option("--config", "-c", metavar="FILE", help="What to judge; one for each registered model."),
    ],
    *,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The webhook's secrets, one a line; by default SEATRIAL_WEBHOOK_SECRET."
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keeps what waits over a restart; by default memory.")
    ] = None,
    address: Annotated[str, typer.Option(metavar="IP", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on.")] = 8085,
    most_waiting: Annotated[int, typer.Option(metavar="N", help="Model versions that may wait.")] = 100,
    experiment: _Experiment = None,
    namespace: _Namespace = None,
    service_account: _Account = None,
    caching: _Caching = None,
) -> None:
    """Start the pipeline for every new model version that MLflow announces: a service, until it is stopped.

    MLflow calls POST /webhook for model_version.created, signed with the shared secret. The configuration
    whose mlflow.registered_model is the version's says what to judge it by; its `model` is replaced by the
    version. GET /healthz, /readyz and /metrics tell how the service is.

    Example: SEATRIAL_WEBHOOK_SECRET=... seatrial trigger --host http://ml-pipeline:8888 --config solar.yaml
    """
    from seatrial_pipelines.trigger.serve import Target, serve

    serve(
        config,
        Target(host, experiment, namespace, service_account, caching),
        address=address,
        port=port,
        secret_file=secret_file,
        state=state,
        most_waiting=most_waiting,
    )

"""Component ``evaluate_on_trainjob``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["evaluate_on_trainjob"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def evaluate_on_trainjob(
    model: str,
    dataset: str,
    results: str,
    image: str,
    evaluation: dsl.Output[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
    nodes: int = 2,
    processes: int = 1,
    task: str = "",
    options: str = "",
    tracking_uri: str = "",
    batch_size: int = 0,
    workers: int = 0,
    runtime: str = "torch-distributed",
    resources: str = "",
    service_account: str = "",
    namespace: str = "",
    timeout: int = 86400,
    pipeline_run: str = "",
    model_digest: str = "",
    dataset_digest: str = "",
) -> None:
    """Evaluate a model on several machines at once, by a TrainJob of Kubeflow Trainer.

    Starts a TrainJob, waits for it, fetches the evaluation that its processes put together on object storage,
    and deletes the job, also where the task fails, is stopped or is started again. The evaluation is the one
    that a single process would make. The task's service account needs get, create and delete on
    `trainjobs.trainer.kubeflow.org`.

    Args:
        model: URI of the model that every machine can reach; empty for none.
        dataset: Specification of the data that every machine can reach, e.g. `images:s3://bucket/val`.
        results: Address on object storage below which the job leaves the evaluation, e.g. `s3://bucket/runs`.
        image: Image of the machines' containers, with PyTorch: `seatrial_components.image.EVALUATION_IMAGE`.
        evaluation: The evaluation: Parquet files and `evaluation.json`.
        metrics: Images, failed images; accuracy, or truths and predictions.
        nodes: Machines.
        processes: Processes of each machine, one a GPU.
        task: `classification`, `detection` or `segmentation`; empty for what the data set's truth is for.
        options: JSON object of model options; empty for the defaults.
        tracking_uri: MLflow server that `runs:/` and `models:/` refer to; empty for none.
        batch_size: Images at once to begin with; 0 chooses by the device.
        workers: Threads that decode images; 0 chooses by the number of cores.
        runtime: The cluster's training runtime.
        resources: JSON object of what each machine gets, as `tasks` in the section `kubeflow` has it, e.g.
            `{"accelerators": 8, "memory": "256Gi", "secrets": {"s3": {"AWS_ACCESS_KEY_ID": "id"}}}`.
        service_account: Account that the job's pods run as; empty for the runtime's.
        namespace: Namespace of the job; empty for the task's own.
        timeout: Seconds after which the job is given up.
        pipeline_run: The run's id, `dsl.PIPELINE_JOB_ID_PLACEHOLDER`: runs do not share a job.
        model_digest: Digest of the model's content; part of the cache key and of the job's name.
        dataset_digest: Digest of the data's content; part of the cache key and of the job's name.
    """
    from seatrial_components.display import show_evaluation
    from seatrial_components.trainjob import evaluate

    table = evaluate(
        {"model": model, "dataset": dataset, "options": options, "task": task},
        evaluation.path,
        results=results,
        shape=(nodes, processes),
        sizes=(batch_size, workers),
        tracking_uri=tracking_uri,
        image=image,
        runtime=runtime,
        resources=resources,
        service_account=service_account,
        namespace=namespace,
        timeout=timeout,
        identity=[pipeline_run, model_digest, dataset_digest],
    )
    show_evaluation(table, metrics)

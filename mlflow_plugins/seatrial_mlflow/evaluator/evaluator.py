"""Evaluator ``seatrial`` for ``mlflow.models.evaluate``: slices and gates for a DataFrame of predictions.

It runs the same steps as the pipeline on files that it makes from the DataFrame. MLflow asks every installed
evaluator whether it wants to take part; this one does only where it was asked for.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.files import read_json, write_json
from seatrial.gates import Outcome, Verdict
from seatrial.slices import SliceReport
from seatrial.spelling import did_you_mean
from seatrial_mlflow.connection import is_mlflow_uri
from seatrial_mlflow.evaluator.boxes import BoxFrame
from seatrial_mlflow.evaluator.frame import Columns, Frame

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import EvaluationResult
    from pandas import DataFrame

__all__ = ["EvaluatorOptions", "SeatrialEvaluator"]

#: MLflow's ``model_type``, and what it is to Seatrial.
_TASKS: dict[str, Task] = {"classifier": "classification", "object-detection": "detection"}

#: The function of MLflow that asks evaluators which were named; the one that lists all calls it otherwise.
_ASKED_BY_NAME = "_evaluate"


@dataclass(frozen=True, slots=True)
class EvaluatorOptions:
    """The keys of ``evaluator_config``.

    Attributes:
        policy: File of the policy to judge by; None measures slices and judges nothing.
        champion: What to compare with: a column of predictions, or the URI of a model to run; None for
            nothing.
        metadata: Columns to slice by. Without a model: by default every column that is nothing else. With
            one: by default none, and the model does not see those that are named.
        id: Column of unique names; None for the index.
        group: Column of what samples share (scene, patient, video), so that intervals allow for it.
        confidence: Column of the prediction's confidence in [0, 1].
        classes: Class names in the order of the probabilities that the model gives.
        name: What to call the data set.
        replicates: Bootstrap replicates where there is no policy; None for 1000.
    """

    policy: str | None = None
    champion: str | None = None
    metadata: tuple[str, ...] | None = None
    id: str | None = None
    group: str | None = None
    confidence: str | None = None
    classes: tuple[str, ...] | None = None
    name: str = "data"
    replicates: int | None = None

    @classmethod
    def read(cls, config: Mapping[str, Any] | None) -> "EvaluatorOptions":
        """Read ``evaluator_config``.

        Raises:
            InputError: A key is not known.
        """
        known = [field.name for field in fields(cls)]
        for key in config or {}:
            if key not in known:
                hint = did_you_mean(str(key), known)
                raise InputError(
                    f"evaluator_config: unknown key {key!r}; expected one of {', '.join(known)}{hint}"
                )
        values = dict(config or {})
        for key in ("metadata", "classes"):
            if values.get(key) is not None:
                values[key] = tuple(str(one) for one in values[key])
        if values.get("policy") is not None:
            values["policy"] = str(values["policy"])
        return cls(**values)


class SeatrialEvaluator:
    """What MLflow's registry of evaluators makes an instance of; MLflow asks for no base class."""

    @classmethod
    def can_evaluate(
        cls, *, model_type: str | None, evaluator_config: Mapping[str, Any] | None, **_: Any
    ) -> bool:
        """Take part where it was named (``evaluators="seatrial"``) or its policy was, and nowhere else.

        Args:
            model_type: ``"classifier"`` or ``"object-detection"``.
            evaluator_config: The keys of :class:`EvaluatorOptions`.
        """
        if model_type not in _TASKS:
            return False
        # both ways of asking pass the same arguments: only the caller tells them apart
        named = sys._getframe(1).f_code.co_name == _ASKED_BY_NAME  # noqa: SLF001 - the documented way to a caller
        return named or "policy" in (evaluator_config or {})

    def evaluate(
        self,
        *,
        model_type: str,
        dataset: Any,
        run_id: str,
        evaluator_config: Mapping[str, Any] | None,
        model: Any = None,
        model_id: str | None = None,
        predictions: str | None = None,
        **_: Any,
    ) -> "EvaluationResult":
        """Measure slices, judge, and log metrics, table, report and verdict to the run.

        Args:
            model_type: ``"classifier"`` or ``"object-detection"``.
            dataset: MLflow's evaluation data set.
            run_id: The active run.
            evaluator_config: The keys of :class:`EvaluatorOptions`.
            model: A loaded model; None where the data holds the predictions.
            model_id: The logged model that is evaluated.
            predictions: Column of the model's output that holds the prediction.

        Returns:
            MLflow's result: the metrics, and the artifacts ``slices`` and ``verdict`` (with a policy).

        Raises:
            InputError: The data, the predictions, the policy or a key of the configuration cannot be used.
        """
        import mlflow
        from mlflow.models import EvaluationResult

        options = EvaluatorOptions.read(evaluator_config)
        with tempfile.TemporaryDirectory(prefix="seatrial-evaluate-") as folder:
            results = Path(folder) / "results"
            trial = _Trial(Path(folder), dataset, model, predictions, options, _TASKS[model_type])
            report, verdict = trial.run(results, f"models:/{model_id}" if model_id else f"run {run_id}")
            metrics, table = _numbers(report, verdict)
            write_json(results / "slices.json", table)
            client = mlflow.MlflowClient()
            uri = _log(client, run_id, results, verdict)
            if model_id is None:  # else MLflow itself logs what is returned, to the run and to the model
                client.log_batch(run_id, metrics=_entities(metrics))
            artifacts = _artifacts(uri, results, table)
            return EvaluationResult(metrics, artifacts)  # type: ignore[no-untyped-call]  # MLflow left it so


class _Trial:
    def __init__(
        self,
        folder: Path,
        dataset: Any,
        model: Any,
        output: str | None,
        options: EvaluatorOptions,
        task: Task,
    ) -> None:
        self._folder, self._options, self._output, self._task = folder, options, output, task
        data = dataset.features_data
        if not hasattr(data, "columns"):
            raise InputError(f"data: expected a pandas DataFrame, got {type(data).__name__}")
        self._data: DataFrame = data
        self._predicted = dataset.predictions_data if model is None else None
        self._model = model
        if dataset.labels_data is None:
            raise InputError("targets: expected the column of the true classes, got none")
        columns = Columns(options.id, options.group, self._metadata(), options.classes)
        kind = BoxFrame if task == "detection" else Frame
        self._frame = kind(data, dataset.labels_data, columns)

    def run(self, out: Path, name: str) -> tuple[SliceReport, Verdict | None]:
        from seatrial.steps import decide_promotion, import_predictions, measure_slices, render_report

        options = self._options
        candidate, confidence = self._candidate()
        truth = self._frame.write_truth(self._folder, options.name)
        given = self._frame.write_predictions(self._folder / "candidate.parquet", candidate, confidence)
        evaluation = self._folder / "candidate"
        import_predictions.run(given, truth, evaluation, name=name, task=self._task)
        baseline = None
        if options.champion is not None:
            given = self._frame.write_predictions(self._folder / "champion.parquet", self._champion())
            baseline = self._folder / "champion"
            import_predictions.run(given, truth, baseline, name=options.champion, task=self._task)
        policy = None if options.policy is None else Path(options.policy)
        report = measure_slices.run(
            evaluation, out / "slices", baseline=baseline, policy=policy, replicates=options.replicates
        )
        if policy is None:
            return report, None
        verdict = decide_promotion.run(policy, out / "slices", out / "verdict")
        render_report.run(
            out / "report.html",
            evaluation=evaluation,
            slices=out / "slices",
            verdict=out / "verdict",
            baseline=baseline,
        )
        return report, verdict

    def _metadata(self) -> tuple[str, ...]:
        options = self._options
        if options.metadata is not None:
            return options.metadata
        if self._model is not None:
            return ()
        other = {options.id, options.group, options.confidence, options.champion}
        return tuple(str(name) for name in self._data.columns if name not in other)

    def _candidate(self) -> tuple[Any, Any]:
        if self._model is not None:
            return self._predict(self._model), None
        if self._predicted is None:
            raise InputError(
                "expected a model, or the column of its predictions as 'predictions'; got neither"
            )
        column = self._options.confidence
        if column is not None and column not in self._data.columns:
            raise InputError(f"data: no column {column!r} (key 'confidence')")
        return self._predicted, None if column is None else self._data[column].to_numpy()

    def _champion(self) -> Any:
        champion = self._options.champion
        if champion in self._data.columns:
            return self._data[champion].to_numpy()
        if champion is None or not is_mlflow_uri(champion):
            raise InputError(f"champion {champion!r}: expected a column of the data, or models:/… or runs:/…")
        import mlflow

        return self._predict(mlflow.pyfunc.load_model(champion))

    def _predict(self, model: Any) -> Any:
        options = self._options
        apart = {*self._metadata(), options.id, options.group, options.confidence, options.champion}
        seen = self._data.drop(columns=[name for name in self._data.columns if name in apart])
        output = model.predict(seen)
        if hasattr(output, "columns"):
            if self._output is None and len(output.columns) != 1:
                return output.to_numpy()
            return output[self._output or output.columns[0]].to_numpy()
        return output


def _numbers(report: SliceReport, verdict: Verdict | None) -> tuple[dict[str, float], dict[str, list[Any]]]:
    from seatrial_mlflow.publishing.budget import KEY_BUDGET, choose, ranked
    from seatrial_mlflow.publishing.publication import counts, directions, slice_table

    judged = verdict or Verdict(Outcome.SKIPPED, (), {})
    fixed = {} if verdict is None else counts(verdict)
    higher = directions()
    chosen = choose(report, judged, higher, KEY_BUDGET - len(fixed))
    table = slice_table(ranked(report, judged, higher), chosen)
    return {**fixed, **chosen.candidate, **chosen.comparison}, table


def _log(client: "MlflowClient", run_id: str, results: Path, verdict: Verdict | None) -> str:
    import json

    from mlflow.entities import RunTag

    from seatrial.gates import summarise
    from seatrial_mlflow.publishing.description import RUN_LIMIT

    client.log_artifacts(run_id, str(results))
    run = client.get_run(run_id)
    tags = {"mlflow.loggedArtifacts": json.dumps([{"path": "slices.json", "type": "table"}])}
    if verdict is not None:
        tags["seatrial.verdict"] = str(verdict.outcome)
        if "mlflow.note.content" not in run.data.tags:  # what people wrote stays
            tags["mlflow.note.content"] = summarise(verdict)[:RUN_LIMIT]
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])
    return str(run.info.artifact_uri)


def _entities(metrics: Mapping[str, float]) -> list[Any]:
    import time

    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    return [Metric(key, value, now, 0) for key, value in metrics.items()]


def _artifacts(uri: str, results: Path, table: dict[str, list[Any]]) -> dict[str, Any]:
    from mlflow.models.evaluation import artifacts

    as_json: Any = artifacts.JsonEvaluationArtifact  # MLflow left it untyped
    found = {"slices": as_json(f"{uri}/slices.json", table)}
    if (file := results / "verdict" / "verdict.json").is_file():
        found["verdict"] = as_json(f"{uri}/verdict/verdict.json", read_json(file))
    return found

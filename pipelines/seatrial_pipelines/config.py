"""``seatrial.yaml``: what a run judges, by which policy, and where the result goes."""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from seatrial.datasets import DatasetSpec
from seatrial.errors import InputError
from seatrial.files import read_text
from seatrial.gates.document import Document
from seatrial.gates.problems import problems_of
from seatrial.inference.options import ModelOptions
from seatrial.validation import shown
from seatrial_components.resources import Cluster

__all__ = ["KubeflowSection", "MlflowSection", "ModelSection", "RunConfig", "anchored_spec"]

#: What ``baseline`` reads where the candidate is to be compared with nothing.
NO_BASELINE = "none"

_URI_SCHEMES = ("runs:", "models:", "python:")
_SQLITE = "sqlite:///"


class ModelSection(ModelOptions):
    """The sections ``model`` and ``baseline``.

    Attributes:
        uri: ``models:/…``, ``runs:/…``, or the path of a TorchScript, .pt2, ONNX or weights file.
    """

    uri: Annotated[str, Field(min_length=1)]

    @property
    def options(self) -> str:
        """The options as JSON text, without those that were not set."""
        fields = self.model_dump(mode="json", exclude={"uri"}, exclude_unset=True)
        return json.dumps(fields, sort_keys=True, ensure_ascii=False)


class MlflowSection(BaseModel):
    """The section ``mlflow``.

    Attributes:
        tracking_uri: Server address, or ``sqlite:///file.db`` for a database file without a server.
        experiment: Experiment of the evaluation run; empty: that of its parent run, else ``seatrial``.
        registered_model: Registered model whose alias moves after a pass; empty moves nothing.
        alias: The alias that moves.
        parent_run: Id of the training run that the evaluation run is nested under; empty: the run that
            logged the candidate, where MLflow knows it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking_uri: Annotated[str, Field(min_length=1)]
    experiment: str = ""
    registered_model: str = ""
    alias: Annotated[str, Field(pattern=r"^[\w-]+$")] = "champion"
    parent_run: str = ""


class KubeflowSection(Cluster):
    """The section ``kubeflow``: how a run is started on a cluster, and what its pods get.

    Attributes:
        pipeline: ``post_training``, or ``sharded_post_training`` where many pods share an evaluation.
        shards: Parts of each evaluation, for ``sharded_post_training``.
        processes: Processes of a pod that share its part, one a GPU; 0 counts the GPUs.
        experiment: Kubeflow experiment.
        namespace: Namespace on multi-user Kubeflow; empty for the default.
        service_account: Account that the pods run as; empty for the default.
        caching: Let Kubeflow reuse results of the same inputs.
    """

    pipeline: Literal["post_training", "sharded_post_training"] = "post_training"
    shards: Annotated[int, Field(ge=1, le=1000)] = 8
    processes: Annotated[int, Field(ge=0, le=64)] = 1
    experiment: Annotated[str, Field(min_length=1)] = "seatrial"
    namespace: str = ""
    service_account: str = ""
    caching: bool = True


def _with_uri(value: object) -> object:
    return {"uri": value} if isinstance(value, str) else value


_Model = Annotated[ModelSection, BeforeValidator(_with_uri)]


class RunConfig(BaseModel):
    """A whole ``seatrial.yaml``; paths are relative to the file's folder.

    Attributes:
        model: The candidate: a URI, or ``uri`` and the options of the model.
        baseline: The champion, in the same form; absent: the version that ``mlflow.alias`` of
            ``mlflow.registered_model`` points at, if there is one; ``none``: no comparison. Options
            that are not given are the candidate's.
        dataset: Specification of the evaluation data.
        reference: Specification of the reference data (training data), for drift; empty for none.
        policy: The policy's path.
        mlflow: Where results are recorded.
        kubeflow: How a run is started on a cluster.
        out: Folder for the results.
        cache: Folder in which evaluations are kept, so that a change of policy runs no model again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: _Model
    baseline: _Model | None = None
    dataset: str
    reference: str = ""
    policy: str
    mlflow: MlflowSection
    kubeflow: KubeflowSection = KubeflowSection()
    out: str = "seatrial-out"
    cache: Annotated[str, Field(min_length=1)] = ".seatrial-cache"

    @classmethod
    def load(cls, path: Path) -> "RunConfig":
        """Read a configuration; paths in it become absolute.

        Raises:
            InputError: The file cannot be read or is not valid; each fault names file, line and column.
        """
        return cls.parse(read_text(path), str(path), path.absolute().parent)

    @classmethod
    def parse(cls, text: str, source: str, folder: Path) -> "RunConfig":
        """Read a configuration from text.

        Args:
            text: YAML.
            source: What messages call it.
            folder: What relative paths are relative to.

        Raises:
            InputError: The text is not valid; each fault names source, line and column.
        """
        document = Document.parse(text, source)
        value = document.value
        if not isinstance(value, dict):
            raise InputError(f"{source}:1:1: expected a mapping with the key 'model', got {shown(value)}")
        try:
            config = cls.model_validate(value)
        except ValidationError as error:
            raise document.error(problems_of(error, document, cls)) from error
        return config.absolute(document, folder)

    def arguments(self, policy: str, champion_alias: str = "champion") -> dict[str, str]:
        """Give the arguments of the pipeline ``post_training``.

        Args:
            policy: The policy's text.
            champion_alias: Alias of the champion, as the policy names it; used where no ``baseline`` is
                given.
        """
        champion = self.baseline
        if champion is None and self.mlflow.registered_model:
            uri = f"models:/{self.mlflow.registered_model}@{champion_alias}"
            champion = self.model.model_copy(update={"uri": uri})
        if champion is not None and champion.uri == NO_BASELINE:
            champion = None
        return {
            "model": self.model.uri,
            "model_options": self.model.options,
            "baseline": "" if champion is None else champion.uri,
            "baseline_options": "" if champion is None else champion.options,
            "dataset": self.dataset,
            "reference": self.reference,
            "policy": policy,
            "tracking_uri": self.mlflow.tracking_uri,
            "experiment": self.mlflow.experiment,
            "registered_model": self.mlflow.registered_model,
            "alias": self.mlflow.alias,
            "parent_run": self.mlflow.parent_run,
        }

    def absolute(self, document: Document, folder: Path) -> "RunConfig":
        """Give the configuration with absolute paths.

        Args:
            document: Where it was read from, to say where a fault is.
            folder: What relative paths are relative to.

        Raises:
            InputError: A data set's specification is not valid.
        """
        problems = [
            document.problem((key,), str(fault))
            for key in ("dataset", "reference")
            if (fault := _spec_fault(getattr(self, key)))
        ]
        if problems:
            raise document.error(problems)
        tracking = self.mlflow.tracking_uri
        if tracking.startswith(_SQLITE) and not tracking.startswith(_SQLITE + "/"):
            tracking = _SQLITE + str(folder / tracking.removeprefix(_SQLITE))
        baseline = self.baseline
        if baseline is not None:
            options = self.model.model_dump(exclude_unset=True) | baseline.model_dump(exclude_unset=True)
            baseline = ModelSection.model_validate(options | {"uri": _model_uri(baseline.uri, folder)})
        return self.model_copy(
            update={
                "model": self.model.model_copy(update={"uri": _model_uri(self.model.uri, folder)}),
                "baseline": baseline,
                "dataset": anchored_spec(self.dataset, folder),
                "reference": anchored_spec(self.reference, folder),
                "policy": str(folder / self.policy),
                "mlflow": self.mlflow.model_copy(update={"tracking_uri": tracking}),
                "out": str(folder / self.out),
                "cache": str(folder / self.cache),
            }
        )


def _spec_fault(text: str) -> InputError | None:
    try:
        _ = text and DatasetSpec.parse(text)
    except InputError as error:
        return error
    return None


def anchored_spec(text: str, folder: Path) -> str:
    """Make the paths in a data set's specification absolute.

    Args:
        text: The specification; empty stays empty.
        folder: What relative paths are relative to.
    """
    if not text:
        return ""
    kind, _, rest = text.partition(":")
    path, mark, query = rest.partition("?")
    options = "&".join(_absolute_option(option, folder) for option in query.split("&"))
    return f"{kind}:{_path(path, folder)}{mark}{options}"


def _absolute_option(option: str, folder: Path) -> str:
    for start in ("root=", "classes=@", "metadata="):
        if option.startswith(start):
            return start + _path(option.removeprefix(start), folder)
    return option


def _model_uri(uri: str, folder: Path) -> str:
    return uri if uri.startswith(_URI_SCHEMES) or uri == NO_BASELINE else _path(uri, folder)


def _path(text: str, folder: Path) -> str:
    return text if "://" in text else os.path.normpath(folder / Path(text).expanduser())

"""Choose the adapter that a model's options, or the model itself, name, and check its options."""

from pydantic import ValidationError

from seatrial.datasets import Task
from seatrial.errors import InputError, ModelError
from seatrial.extensions import load_extension, names
from seatrial.inference.adapters.adapter import Adapter
from seatrial.inference.options import ModelOptions
from seatrial.spelling import one_of
from seatrial.validation import faults

__all__ = ["ADAPTERS", "choose_adapter"]

#: Entry-point group of the adapters.
ADAPTERS = "seatrial.adapters"


def choose_adapter(options: ModelOptions, task: Task, recognised: str | None) -> tuple[str, Adapter] | None:
    """Choose and configure the adapter of a model.

    Args:
        options: ``adapter`` and ``adapter_options``.
        task: What the model is run for.
        recognised: The adapter that the model's own structure names beyond doubt.

    Returns:
        Its name and the adapter; None for a classifier, which needs none.

    Raises:
        ModelError: A detector's adapter has to be named.
        InputError: There is no such adapter, it is for another task, or an option of it is not valid.
    """
    if task == "classification":
        for given in ("adapter", "adapter_options", "class_map", "allow_missing_classes"):
            if getattr(options, given):
                raise InputError(
                    f"option {given}: a classifier takes none; it is for detectors and segmenters"
                )
        return None
    name = options.adapter or ("logits" if task == "segmentation" else recognised)
    if name is None:
        raise ModelError(
            "how to read what this detector returns is not certain: name it with the option adapter "
            f"(--adapter), one of {', '.join(names(ADAPTERS))}; docs/reference/models.md says what each reads"
        )
    if name not in names(ADAPTERS):
        raise InputError(f"option adapter: {one_of(name, names(ADAPTERS), 'an adapter')}")
    kind = load_extension(ADAPTERS, name)
    if not (isinstance(kind, type) and issubclass(kind, Adapter)):
        raise InputError(
            f"adapter {name!r}: expected a subclass of DetectionAdapter or SegmentationAdapter, got {kind!r}"
        )
    if kind.task != task:
        raise InputError(f"adapter {name!r} reads a model for {kind.task}, the task is {task}")
    try:
        return name, kind.model_validate(options.adapter_options)
    except ValidationError as error:
        raise InputError(f"adapter_options of {name!r}: {faults(error, kind)}") from error

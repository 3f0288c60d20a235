"""Where a model comes from: a local file, a Python callable, or a scheme that an extension fetches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["MODEL_SOURCES", "FetchModel", "FetchedModel", "ModelKind"]

ModelKind = Literal["torchscript", "export", "onnx", "state_dict", "pickle"]

#: Entry-point group of the extensions that fetch models; the entry's name is the URI's scheme.
MODEL_SOURCES = "seatrial.model_sources"


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """A model's files on the local disk, as a model source hands them over.

    Attributes:
        path: The file to load.
        kind: ``torchscript`` (``torch.jit.save``), ``export`` (``torch.export.save``, .pt2), ``onnx``,
            ``state_dict`` (weights only, needs a factory) or ``pickle`` (a whole ``nn.Module``; loading
            runs code from the file, so it needs ``trust_pickle``).
        options: Fields of :class:`~seatrial.inference.options.ModelOptions` that the source knows about
            the model, e.g. ``{"classes": ["sound", "cracked"]}``. The user's own options win.
        digest: ``sha256:<hex>`` of the model's files.
    """

    path: Path
    kind: ModelKind
    options: dict[str, Any] = field(default_factory=dict)
    digest: str = ""


#: A model source: fetches ``uri`` into the existing, empty folder ``target``; raises ``InputError`` when
#: there is no such model and ``ServiceError`` when the service does not answer.
FetchModel = Callable[[str, Path], FetchedModel]

"""Models that turn images into vectors: the evaluated one, or one of torchvision's or OpenCLIP's."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.inference.device import choose_device, choose_precision
from seatrial.inference.load import LoadedModel, load_model
from seatrial.inference.open_clip_model import OPEN_CLIP, OpenClip, load_open_clip
from seatrial.inference.options import ModelOptions
from seatrial.inference.torch_network import TorchNetwork
from seatrial.spelling import did_you_mean

__all__ = ["TORCHVISION", "Embedder", "load_embedder"]

#: Prefix of a model that torchvision builds.
TORCHVISION = "torchvision:"


@dataclass(frozen=True)
class Embedder:
    """A model that is run for its vectors.

    Attributes:
        model: The model.
        classes: What it classifies into; None where that is not said, or it is no classifier.
        clip: The OpenCLIP model, which reads texts, too; None where it is none.
    """

    model: LoadedModel
    classes: tuple[str, ...] | None
    clip: OpenClip | None = None


def load_embedder(
    model: str,
    options: ModelOptions,
    *,
    weights: Path | None = None,
    device: str = "auto",
    task: Task = "classification",
    whole: bool = False,
) -> Embedder:
    """Load a model to embed with.

    Args:
        model: A model URI as of :func:`~seatrial.inference.load.load_model`; ``torchvision:NAME``, e.g.
            ``torchvision:resnet18``; or ``open_clip:NAME``, e.g. ``open_clip:ViT-B-32``, or
            ``open_clip:FOLDER``.
        options: How to load and feed it; OpenCLIP's own preprocessing stands where none is set.
        weights: Weights of a model that torchvision or OpenCLIP builds.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        task: What a model of one's own was made for: decides which layer is taken.
        whole: Show the model all of an image, resized without regard to its aspect, where the options say
            nothing else: an object's crop has nothing to be cut off.

    Raises:
        InputError: There is no such model, or no weights are named.
        ModelError: It cannot be loaded.
    """
    if model.startswith(OPEN_CLIP):
        return _open_clip(model.removeprefix(OPEN_CLIP), weights, options, device, whole=whole)
    if model.startswith(TORCHVISION):
        built = options.merged_over(_torchvision(model, weights), f"options of {model}")
        loaded = load_model(str(weights), _shown_whole(built, whole=whole), device=device)
        return Embedder(replace(loaded, uri=model), None)
    if weights is not None:
        raise InputError(
            f"weights {weights}: they are for what {TORCHVISION}NAME or {OPEN_CLIP}NAME builds; a file of "
            "weights of one's own is the model itself, with --factory"
        )
    loaded = load_model(model, _shown_whole(options, whole=whole), device=device, task=task)
    return Embedder(loaded, loaded.options.classes if task == "classification" else None)


def _torchvision(model: str, weights: Path | None) -> dict[str, Any]:
    from torchvision.models import list_models

    name = model.removeprefix(TORCHVISION)
    known = [one for one in list_models() if "/" not in one]
    if name not in known:
        raise InputError(f"model {model}: torchvision has no model {name!r}{did_you_mean(name, known)}")
    if weights is None:
        raise InputError(
            f"model {model}: name its weights, a file of torchvision's, with --weights; nothing is "
            "downloaded, and random weights see nothing"
        )
    return {"factory": f"torchvision.models:{name}"}


def _open_clip(
    name: str, weights: Path | None, options: ModelOptions, device: str, *, whole: bool
) -> Embedder:
    chosen = choose_device(device)
    clip = load_open_clip(name, weights, chosen)
    own = {"preprocess": clip.preprocess.model_dump(exclude_unset=True)}
    merged = _shown_whole(
        options.merged_over(own, f"options of {OPEN_CLIP}{name}"), given=options, whole=whole
    )
    network = TorchNetwork(clip.embed_images, chosen, choose_precision(options.precision, chosen))
    return Embedder(LoadedModel(f"{OPEN_CLIP}{name}", clip.digest, merged, network), None, clip)


def _shown_whole(options: ModelOptions, *, whole: bool, given: ModelOptions | None = None) -> ModelOptions:
    """Resize to what the model sees, without a crop, unless the user says how to resize or crop."""
    said = (given or options).given.get("preprocess", {})
    crop = options.preprocess.crop
    if not whole or crop is None or said.keys() & {"resize", "crop", "letterbox"}:
        return options
    size = crop if isinstance(crop, tuple) else (crop, crop)
    fields = options.given
    fields["preprocess"] = {**fields.get("preprocess", {}), "resize": size, "crop": None}
    return ModelOptions.parse(fields, "preprocess")

"""How a model is loaded, fed and read: the ``model:`` section of ``seatrial.yaml``."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from seatrial.errors import InputError
from seatrial.files import read_text
from seatrial.inference.vocabularies import VOCABULARIES
from seatrial.spelling import one_of
from seatrial.validation import faults

__all__ = ["Letterbox", "ModelOptions", "Precision", "Preprocess"]

Precision = Literal["auto", "float32", "bfloat16", "float16"]

_Side = Annotated[int, Field(ge=1, le=1 << 14)]
_Size = _Side | tuple[_Side, _Side]
_Triple = tuple[float, float, float]


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _class_names(value: object) -> object:
    if isinstance(value, str):
        if value not in VOCABULARIES:
            raise ValueError(one_of(value, VOCABULARIES, "class names or a known list of them"))
        return VOCABULARIES[value]
    return _tuple(value)


def _sized(value: object) -> object:
    return {"size": value} if isinstance(value, int | list | tuple) else value


class Letterbox(BaseModel):
    """Fit an image into a frame without distorting it, and fill what is left on both sides alike.

    Attributes:
        size: Side of the frame in pixels, or [height, width].
        fill: Grey value of what is left, 0 to 255.
        stride: Fill only up to the next multiple of this many pixels; null fills the whole frame.
        enlarge: Enlarge an image that is smaller than the frame.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Annotated[_Size, BeforeValidator(_tuple)]
    fill: Annotated[int, Field(ge=0, le=255)] = 114
    stride: _Side | None = None
    enlarge: bool = True


class Preprocess(BaseModel):
    """How an RGB image becomes the model's input; the same steps as torchvision's evaluation presets.

    Attributes:
        resize: Length of the shorter side in pixels, or [height, width]; null keeps the size.
        crop: Side of the centre crop in pixels, or [height, width]; null keeps everything.
        letterbox: In place of both: fit into a frame of this side, [height, width] or
            :class:`Letterbox`, as YOLO models are fed.
        mean: Per channel, of values in [0, 1], subtracted; in the order of ``channels``.
        std: Per channel, divided by; greater than 0; in the order of ``channels``.
        interpolation: Of the (antialiased) resize.
        channels: Order in which the model takes red, green and blue.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    resize: Annotated[_Size | None, BeforeValidator(_tuple)] = 256
    crop: Annotated[_Size | None, BeforeValidator(_tuple)] = 224
    letterbox: Annotated[Letterbox | None, BeforeValidator(_sized)] = None
    mean: Annotated[_Triple, BeforeValidator(_tuple)] = (0.485, 0.456, 0.406)
    std: Annotated[_Triple, BeforeValidator(_tuple)] = (0.229, 0.224, 0.225)
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    channels: Literal["rgb", "bgr"] = "rgb"

    @model_validator(mode="before")
    @classmethod
    def _letterbox_alone(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or fields.get("letterbox") is None:
            return fields
        if others := [name for name in ("resize", "crop") if fields.get(name) is not None]:
            raise ValueError(f"letterbox takes the place of {' and '.join(others)}: give one or the other")
        return {**fields, "resize": None, "crop": None}

    @model_validator(mode="after")
    def _positive_std(self) -> Self:
        if min(self.std) <= 0:
            raise ValueError(f"std: expected three numbers greater than 0, got {list(self.std)}")
        return self


class ModelOptions(BaseModel):
    """What Seatrial cannot read from the model's file.

    Attributes:
        factory: ``package.module:callable`` that builds the ``nn.Module`` a state_dict is loaded into.
        classes: Class names in the order of the model's outputs; null: those that the model's source
            knows, else those of the data set. The name of a known list (``coco80``, ``coco90``, ``voc20``,
            ``voc21``) stands for its names.
        class_map: The data set's name of a class by the model's, where they differ; detection and
            segmentation.
        allow_missing_classes: Evaluate a model that has no class for some of the data set's: their objects
            and pixels count as missed.
        adapter: What reads the model's output: an entry point of ``seatrial.adapters``; null chooses by the
            task.
        adapter_options: The adapter's own options.
        preprocess: How an image becomes the model's input.
        outputs: What the model returns; logits go through a softmax.
        trust_pickle: Allow files whose loading runs code from them.
        precision: Of the forward pass; ``auto`` is bfloat16 on a GPU that has it and float32 elsewhere.
        embeddings: Capture the penultimate layer.
        decode: Where JPEG files are decoded, and all images resized: on the ``host``, with the same pixels on
            every machine, or on the model's ``device``, where a GPU is faster, and values differ by rounding.
        compile: Have torch compile the model (:func:`torch.compile`) before the first batch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    factory: str | None = None
    classes: Annotated[tuple[str, ...] | None, BeforeValidator(_class_names)] = None
    class_map: dict[str, str] = {}
    allow_missing_classes: bool = False
    adapter: str | None = None
    adapter_options: dict[str, Any] = {}
    preprocess: Preprocess = Preprocess()
    outputs: Literal["logits", "probabilities"] = "logits"
    trust_pickle: bool = False
    precision: Precision = "auto"
    embeddings: bool = True
    decode: Literal["host", "device"] = "host"
    compile: bool = False

    @model_validator(mode="after")
    def _distinct_classes(self) -> Self:
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise ValueError("classes: expected distinct names")
        return self

    @classmethod
    def parse(cls, fields: dict[str, Any], source: str) -> Self:
        """Check ``fields``.

        Args:
            fields: Keys and values as read from YAML or JSON.
            source: What the message calls them, e.g. the file's name.

        Raises:
            InputError: An unknown key or a value of the wrong type; the message names each.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise InputError(f"{source}: {faults(error, cls)}") from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a YAML or JSON file.

        Raises:
            InputError: The file is absent, is neither, or holds something that is not an option.
        """
        return cls.parse(_read_mapping(path), str(path))

    @classmethod
    def parse_json(cls, text: str, source: str) -> Self:
        """Read options from JSON text; empty text means the defaults.

        Args:
            text: A JSON object.
            source: What messages call it.

        Raises:
            InputError: The text is not a JSON object, or an option is unknown or not valid.
        """
        try:
            fields = json.loads(text) if text.strip() else {}
        except ValueError as error:
            raise InputError(f"{source}: not valid JSON: {error}") from error
        if not isinstance(fields, dict):
            raise InputError(f"{source}: expected a JSON object, got {type(fields).__name__}")
        return cls.parse(fields, source)

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were set, as :meth:`parse` takes them."""
        return self.model_dump(exclude_unset=True)

    def merged_over(self, fields: dict[str, Any], source: str) -> Self:
        """Put the fields set here over ``fields``, which a model source knows; these win.

        Raises:
            InputError: ``fields`` are not options.
        """
        own = self.given
        merged = {**fields, **own}
        if nested := _merged_preprocess(fields.get("preprocess", {}), own.get("preprocess", {})):
            merged["preprocess"] = nested
        if own.get("adapter") in {None, fields.get("adapter")}:
            settings = {**fields.get("adapter_options", {}), **own.get("adapter_options", {})}
            merged |= {"adapter_options": settings} if settings else {}
        elif "adapter_options" not in own:
            merged.pop("adapter_options", None)  # they are another adapter's
        return type(self).parse(merged, source)


def _merged_preprocess(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Put preprocessing over another; between a letterbox and resize or crop, ``over`` decides."""
    if over.get("letterbox") is not None:
        under = {name: value for name, value in under.items() if name not in {"resize", "crop"}}
    elif over.keys() & {"resize", "crop"}:
        under = {name: value for name, value in under.items() if name != "letterbox"}
    return {**under, **over}


def _read_mapping(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        language = "JSON" if path.suffix == ".json" else "YAML"
        raise InputError(f"{path}: not valid {language}: {' '.join(str(error).split())}") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a mapping of options, got {type(value).__name__}")
    return value

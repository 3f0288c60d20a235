"""How a model is loaded and run, as several verbs take it from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seatrial.inference import ModelOptions

__all__ = [
    "Adapter",
    "BatchSize",
    "Device",
    "Factory",
    "Options",
    "Precision",
    "TrustPickle",
    "Workers",
    "chosen_options",
]

Options = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|JSON",
        help="YAML or JSON file, or a JSON object: classes, class_map, adapter, adapter_options, preprocess, "
        "outputs, factory, precision, embeddings, decode, compile.",
    ),
]
Adapter = Annotated[
    str | None,
    typer.Option(
        help="What reads the model's output: torchvision, yolo, detr, fastestdet, boxes (detection), logits "
        "(segmentation) or your own.",
    ),
]
Factory = Annotated[
    str | None,
    typer.Option(help="package.module:callable that builds the module for a file of weights."),
]
TrustPickle = Annotated[
    bool, typer.Option("--trust-pickle", help="Allow files whose loading runs code from them.")
]
Precision = Annotated[
    str | None,
    typer.Option(help="auto, float32, bfloat16 or float16; auto is bfloat16 on a GPU that has it."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Images in a batch to begin with; halved when memory is short."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Threads that decode images.")]


def chosen_options(
    given: str | None,
    factory: str | None = None,
    precision: str | None = None,
    adapter: str | None = None,
    *,
    trust_pickle: bool = False,
    compiled: bool = False,
) -> "ModelOptions":
    """Options of the file or text, with those of the command line over them.

    Raises:
        InputError: One of them is none, or the file cannot be read.
    """
    from seatrial.inference import ModelOptions

    flags = {
        "factory": factory,
        "precision": precision,
        "adapter": adapter,
        "trust_pickle": trust_pickle or None,
        "compile": compiled or None,
    }
    fields = {name: value for name, value in flags.items() if value is not None}
    options = ModelOptions.parse(fields, "option")
    if given is None:
        return options
    if given.lstrip().startswith("{"):
        name = "option --model-options"
        return options.merged_over(ModelOptions.parse_json(given, name).given, name)
    return options.merged_over(ModelOptions.load(Path(given)).given, given)

"""How a model is loaded, as several verbs take it from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.inference import ModelOptions

__all__ = ["chosen_options"]


def chosen_options(
    given: str | None,
    factory: str | None = None,
    precision: str | None = None,
    adapter: str | None = None,
    *,
    trust_pickle: bool = False,
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
    }
    fields = {name: value for name, value in flags.items() if value is not None}
    options = ModelOptions.parse(fields, "option")
    if given is None:
        return options
    if given.lstrip().startswith("{"):
        name = "option --model-options"
        return options.merged_over(ModelOptions.parse_json(given, name).given, name)
    return options.merged_over(ModelOptions.load(Path(given)).given, given)

"""Classes of a data set whose format says which there are."""

from seatrial.datasets.spec import DatasetSpec
from seatrial.datasets.vocabulary import class_names
from seatrial.errors import InputError, examples

__all__ = ["known_classes"]


def known_classes(spec: DatasetSpec, own: tuple[str, ...]) -> tuple[str, ...]:
    """Give the classes: as the option ``classes`` orders them, else as the format does.

    The option may name more classes than the format has, e.g. all that a model knows.

    Args:
        spec: The data set's specification.
        own: Classes that the format names.

    Raises:
        InputError: The option leaves out a class, or there is no class at all.
    """
    if "classes" not in spec.options:
        if not own:
            raise InputError(f"data set {spec}: there are no classes; name them with ?classes=a,b")
        return own
    given = class_names(spec, ())
    missing = [name for name in own if name not in set(given)]
    if missing:
        raise InputError(
            f"data set {spec}: option classes leaves out {examples(missing)}: expected all of {examples(own)}"
        )
    return given

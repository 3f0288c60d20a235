"""From the model's classes to those of the data set."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError, examples
from seatrial.inference.options import ModelOptions
from seatrial.spelling import did_you_mean, one_of

__all__ = ["ClassMap"]


@dataclass(frozen=True)
class ClassMap:
    """Which class of the data set each of the model's is.

    Attributes:
        model: The model's class names, in its order, under the names of the data set.
        dataset: The data set's class names.
    """

    model: tuple[str, ...]
    dataset: tuple[str, ...]

    @classmethod
    def of(cls, options: ModelOptions, manifest: DatasetManifest) -> "ClassMap":
        """Map the classes of a model's options to those of a data set.

        Raises:
            InputError: ``class_map`` names a class that is not there, or a class of the data set has none of
                the model's and that is not allowed.
        """
        names = options.classes or manifest.classes
        for own, other in options.class_map.items():
            if own not in names:
                raise InputError(f"option class_map: {one_of(own, names, 'a class of the model')}")
            if other not in manifest.classes:
                expected = one_of(other, manifest.classes, "a class of the data set")
                raise InputError(f"option class_map, {own!r}: {expected}")
        mapped = tuple(options.class_map.get(name, name) for name in names)
        missing = [name for name in manifest.classes if name not in set(mapped)]
        if len(missing) == len(manifest.classes) or (missing and not options.allow_missing_classes):
            free = [name for name in names if name not in options.class_map]
            raise InputError(
                f"data set {manifest.name!r}: the model has no class for {examples(missing)}"
                f"{did_you_mean(missing[0], free)}; map its classes ({examples(free)}) with the option "
                "class_map, e.g. {sofa: couch}, or set allow_missing_classes, and they count as missed"
            )
        return cls(mapped, manifest.classes)

    @property
    def codes(self) -> NDArray[np.int64]:
        """The data set's code of each of the model's classes; −1 where it has none."""
        known = {name: code for code, name in enumerate(self.dataset)}
        return np.array([known.get(name, -1) for name in self.model], dtype=np.int64)

    @property
    def all_classes(self) -> tuple[str, ...]:
        """The data set's classes, then those that only the model has."""
        return tuple(dict.fromkeys([*self.dataset, *self.model]))

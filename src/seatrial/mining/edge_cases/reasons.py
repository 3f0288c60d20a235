"""Why an image was chosen, in words."""

from dataclasses import dataclass

__all__ = ["Because"]

#: Novelty up to which an image is said to be like one before it.
_ALIKE = 0.5

#: Uncertainty from which on a model is said to be unsure.
_UNSURE = 0.35


@dataclass(frozen=True, slots=True)
class Because:
    """What speaks for an image.

    Attributes:
        group: Group of failures that it is chosen for.
        failures: How many failures that has; 0 where nothing fails.
        nearest: Id of the failure that it is nearest to.
        cell: What that failure is taken for.
        likeness: To the group's failures, in [0, 1].
        prediction: Class that the image is taken for.
        confidence: Of that.
        uncertainty: In [0, 1].
        novelty: In [0, 1].
        thing: ``image`` or ``object``.
    """

    group: str
    failures: int
    nearest: str | None
    cell: str
    likeness: float | None
    prediction: str | None
    confidence: float | None
    uncertainty: float | None
    novelty: float
    thing: str

    def __str__(self) -> str:
        """Say it in a sentence or two."""
        parts = [self._like()] if self.likeness is not None else ["nothing fails: chosen for what is new"]
        if self.prediction is not None and self.confidence is not None:
            sure = "" if (self.uncertainty or 0) < _UNSURE else ", unsure"
            parts.append(f"taken for {self.prediction} ({self.confidence:.0%}{sure})")
        elif self.uncertainty is not None and self.uncertainty >= _UNSURE:
            parts.append("the model is unsure")
        if self.novelty < _ALIKE:
            parts.append("much like one chosen before it")
        return "; ".join(parts)

    def _like(self) -> str:
        what = "an object in it is" if self.thing == "object" else "it is"
        many = "the failure" if self.failures == 1 else f"the {self.failures} failures"
        nearest = f"nearest {self.nearest} ({self.cell})"
        return f"{what} like {many} of {self.group!r} ({self.likeness:.2f}), {nearest}"

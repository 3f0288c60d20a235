"""From the evidence on one failing sample to its cause; what fits no rule stays unexplained."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.mining.causes.evidence import Evidence

__all__ = ["ACTIONS", "CAUSES", "Cause", "CauseRules"]

Cause = Literal["spurious", "wrong_label", "rare", "ambiguous", "unexplained"]

#: The causes, in the order in which the rules are tried.
CAUSES: tuple[Cause, ...] = get_args(Cause)

#: What to do about each.
ACTIONS: dict[Cause, str] = {
    "spurious": "augment or rebalance: break the correlation in the training data",
    "wrong_label": "relabel",
    "rare": "collect: label more samples like this",
    "ambiguous": "clarify the guideline, and label again by it",
    "unexplained": "look at it",
}


@dataclass(frozen=True, slots=True)
class CauseRules:
    """Thresholds of the rules, tried in this order; evidence that is not known satisfies none.

    1. ``flip`` above :attr:`flip`, or above :attr:`weak_flip` with ``transplant`` above :attr:`transplant`
       → spurious. Where there is no core, ``patch_flip`` above :attr:`patch_flip` with ``transplant`` above
       :attr:`transplant` instead.
    2. ``a_y`` at most :attr:`own`, ``a_pred`` at least :attr:`other`, ``entropy`` below :attr:`entropy`,
       ``contest`` not at or above :attr:`contest` and ``rare`` below :attr:`rare` → wrong label.
    3. ``rare`` at least :attr:`rare` → rare.
    4. ``rare`` known, and ``entropy`` at least :attr:`entropy` or ``contest`` at least :attr:`contest`
       → ambiguous: a model is unsure of what it never learned, too, so that without the training data nobody
       knows which of the two it is.
    5. Else unexplained.

    Attributes:
        flip: Rise of the truth's probability when all but the core is blanked.
        weak_flip: The same, where a window carries the prediction over, too.
        patch_flip: Rise of the truth's probability when one window is blanked.
        transplant: Rise of the prediction's probability in other images into which that window is pasted.
        own: Share of nearest training neighbours of the sample's own label.
        other: Share of nearest training neighbours of the predicted class.
        entropy: Normalised entropy of the prediction.
        contest: Entropy between label and prediction alone.
        rare: Percentile of the distance to training samples.
    """

    flip: float = 0.25
    weak_flip: float = 0.1
    patch_flip: float = 0.25
    transplant: float = 0.15
    own: float = 0.1
    other: float = 0.6
    entropy: float = 0.35
    contest: float = 0.05
    rare: float = 0.985

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: A threshold is outside [0, 1].
        """
        for name, value in asdict(self).items():
            if not 0 <= value <= 1:
                raise InputError(f"cause rule {name!r}: expected a number from 0 to 1, got {value}")

    def decide(self, evidence: Evidence) -> NDArray[np.int64]:
        """Give the place in :data:`CAUSES` of each sample's cause, shape (n,)."""
        known = evidence
        blanked = np.isfinite(known.flip)
        carried = known.transplant > self.transplant
        by_core = (known.flip > self.flip) | ((known.flip > self.weak_flip) & carried)
        spurious = np.where(blanked, by_core, (known.patch_flip > self.patch_flip) & carried)
        far, torn = known.rare >= self.rare, known.contest >= self.contest
        unsure = np.isfinite(known.rare) & ((known.entropy >= self.entropy) | torn)
        wrong = (known.a_y <= self.own) & (known.a_pred >= self.other)
        wrong &= (known.entropy < self.entropy) & ~torn & (known.rare < self.rare)
        return np.select([spurious, wrong, far, unsure], [0, 1, 2, 3], default=len(CAUSES) - 1)

    def reasons(self, evidence: Evidence, codes: NDArray[np.int64]) -> list[str]:
        """Say in a sentence what decided each, given :meth:`decide`'s codes."""
        return [self._reason(evidence, row, CAUSES[code]) for row, code in enumerate(codes.tolist())]

    def _reason(self, evidence: Evidence, row: int, cause: Cause) -> str:
        said = {name: f"{getattr(evidence, name)[row]:.2f}" for name in Evidence.names()}
        match cause:
            case "spurious":
                return self._why_spurious(said, float(evidence.flip[row]))
            case "wrong_label":
                return (
                    f"{said['a_pred']} of its training neighbours are what the model says, "
                    f"{said['a_y']} what its label says"
                )
            case "rare":
                return f"it lies farther from the training data than {said['rare']} of that does"
            case "ambiguous":
                return (
                    f"the model is torn: normalised entropy {said['entropy']}, "
                    f"between label and prediction {said['contest']} bits"
                )
            case "unexplained":
                missing = [name for name, value in said.items() if value == "nan"]
                return f"no rule applies{'; not known: ' + ', '.join(missing) if missing else ''}"

    def _why_spurious(self, said: dict[str, str], flip: float) -> str:
        carried = f"pasted into other images, it gives the prediction {said['transplant']}"
        if flip > self.flip:
            return f"with all but the core blanked the truth gains {said['flip']}"
        if flip > self.weak_flip:
            blanked = f"with all but the core blanked the truth gains {said['flip']}"
            return f"{blanked}; the window that helps most carries over: {carried}"
        return f"with one window blanked the truth gains {said['patch_flip']}; {carried}"

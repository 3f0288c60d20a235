"""How numbers are written for people: per cent, points, signs, intervals, counts."""

import unicodedata
from dataclasses import dataclass

from seatrial.gates.wording import PERCENT, signed
from seatrial.metrics import METRICS
from seatrial.statistics import Difference, Estimate

__all__ = ["MetricDisplay", "count", "exact", "metric_display", "plain", "share"]

_LABELS = {
    "f1": "F1",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error",
    "auroc": "AUROC",
    "map_50_95": "AP",
    "map_50": "AP at IoU .50",
    "map_75": "AP at IoU .75",
    "map_small": "AP of small objects",
    "map_medium": "AP of medium objects",
    "map_large": "AP of large objects",
    "ar_1": "average recall, 1 prediction",
    "ar_10": "average recall, 10 predictions",
    "ar_100": "average recall",
    "ar_small": "average recall of small objects",
    "ar_medium": "average recall of medium objects",
    "ar_large": "average recall of large objects",
    "fp_per_image": "false positives per image",
    "miou": "mean IoU",
    "miou_per_image": "mean IoU by image",
    "dice": "Dice coefficient",
    "boundary_iou": "boundary IoU",
}
_LONGEST = 240
_NARROW = "\u202f"
#: Characters that turn the direction of what follows, so that it reads as something else.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class MetricDisplay:
    """How one metric is written.

    Attributes:
        name: Metric name as in the slice report.
        label: Name for people.
        percent: Whether values are per cent and differences are points.
        higher_is_better: Which direction is good.
        description: What it measures.
    """

    name: str
    label: str
    percent: bool
    higher_is_better: bool
    description: str

    def value(self, value: float) -> str:
        """Write a value: ``80.5 %`` or ``0.214``."""
        return f"{value * 100:.1f}{_NARROW}%" if self.percent else f"{value:.3f}"

    def change(self, value: float) -> str:
        """Write a difference with its sign: ``−4.0 points`` or ``+0.012``."""
        number = f"{value * 100:+.1f}" if self.percent else f"{value:+.3f}"
        return signed(number) + (f"{_NARROW}points" if self.percent else "")

    def value_interval(self, low: float, high: float) -> str:
        """Write an interval of values: ``76.6 to 84.0 %``."""
        if self.percent:
            return f"{low * 100:.1f} to {high * 100:.1f}{_NARROW}%"
        return f"{low:.3f} to {high:.3f}"

    def change_interval(self, low: float, high: float) -> str:
        """Write an interval of differences: ``−6.9 to −1.2``."""
        scale, form = (100, "+.1f") if self.percent else (1, "+.3f")
        return f"{signed(format(low * scale, form))} to {signed(format(high * scale, form))}"

    def gain(self, difference: float) -> float:
        """Turn a difference so that positive is better."""
        return difference if self.higher_is_better else -difference

    def direction(self, difference: Difference) -> str:
        """Say what a paired interval shows: ``worse``, ``better`` or ``unclear``."""
        low, high = sorted((self.gain(difference.low), self.gain(difference.high)))
        return "worse" if high < 0 else "better" if low > 0 else "unclear"

    def hover(self, estimate: Estimate, confidence: float) -> str:
        """Write everything that is known of an estimate, for a tooltip."""
        interval = (
            "no interval"
            if estimate.low is None or estimate.high is None
            else f"{share(confidence)} interval {self.value_interval(estimate.low, estimate.high)}"
        )
        return f"{self.label} {self.value(estimate.value)}, {interval}, n = {count(estimate.n)}"

    def change_hover(self, difference: Difference, confidence: float) -> str:
        """Write everything that is known of a paired difference, for a tooltip."""
        interval = f"{share(confidence)} interval {self.change_interval(difference.low, difference.high)}"
        return (
            f"{self.label} {self.change(difference.value)} against the champion, {interval}, "
            f"n = {count(difference.n)}, p(worse) = {difference.p_worse:.3g}"
        )


def metric_display(name: str) -> MetricDisplay:
    """Give how a metric is written; an unknown one is read as a decimal where higher is better."""
    known = METRICS.get(name)
    return MetricDisplay(
        name,
        _LABELS.get(name, name.replace("_", " ")),
        name in PERCENT,
        known.higher_is_better if known else True,
        known.description if known else "",
    )


def count(number: float) -> str:
    """Write a count with narrow spaces between thousands."""
    return f"{round(number):,}".replace(",", _NARROW)


def share(value: float) -> str:
    """Write a share as per cent without needless decimals: ``95 %``."""
    return f"{value * 100:.4g}{_NARROW}%"


def plain(text: object, longest: int = _LONGEST) -> str:
    """Make foreign text safe to lay out: control characters become visible, huge strings are cut.

    Markup is not touched: escaping is the template's work.
    """
    shown = "".join(_visible(character) for character in str(text)[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def exact(text: str, longest: int = _LONGEST) -> bool:
    """Whether a page shows a text as it is, so that what is copied from there is the text."""
    return plain(text, longest) == text


def _visible(character: str) -> str:
    code = ord(character)
    if code < ord(" "):
        return " " if character in "\t\r\n" else chr(0x2400 + code)
    hidden = unicodedata.category(character) in {"Cc", "Cs"} or character in _TURNS
    return "\ufffd" if hidden else character

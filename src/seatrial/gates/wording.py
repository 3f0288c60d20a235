"""How a decision's reason writes its numbers."""

from seatrial.gates.rules import MetricRule
from seatrial.gates.scenario import Expectation
from seatrial.metrics import METRICS
from seatrial.statistics import Difference, Estimate

__all__ = ["PERCENT", "Words", "p_value", "samples", "signed"]

#: Metrics that people read in per cent, and their differences in points; the others are decimals.
PERCENT = frozenset(METRICS) - {"log_loss", "brier", "ece", "auroc", "fp_per_image"}
_SMALLEST_P = 0.0001


class Words:
    """Writes the numbers of one metric in the unit that people read it in.

    Args:
        rule: The rule, or the expectation, whose metric is written.
        confidence: Confidence of the intervals, in (0, 1).
    """

    def __init__(self, rule: MetricRule | Expectation, confidence: float) -> None:
        self._percent = rule.metric in PERCENT
        self.name = rule.metric if rule.class_ is None else f"{rule.metric} of class {rule.class_!r}"
        self.interval = f"{confidence * 100:g} % interval"

    def value(self, value: float) -> str:
        """Write a value: ``80.5 %`` or ``0.214``."""
        return f"{value * 100:.1f} %" if self._percent else signed(f"{value:.3f}")

    def limit(self, limit: float) -> str:
        """Write a limit as exactly as the policy does: ``80.25 %`` or ``0.2``."""
        return f"{limit * 100:.10g} %" if self._percent else signed(f"{limit:.10g}")

    def size(self, difference: float) -> str:
        """Write a difference without its sign: ``4.0 points`` or ``0.012``."""
        return f"{abs(difference) * 100:.1f} points" if self._percent else f"{abs(difference):.3f}"

    def allowed(self, difference: float) -> str:
        """Write an allowed difference as exactly as the policy does: ``2 points`` or ``0.02``."""
        return f"{difference * 100:.10g} points" if self._percent else f"{difference:.10g}"

    def estimate(self, measured: Estimate) -> str:
        """Write a value with its interval: ``accuracy 84.5 % (95 % interval 80.7 to 87.6 %, n = 425)``."""
        if measured.low is None or measured.high is None:
            return f"{self.name} {self.value(measured.value)} (no interval, n = {measured.n})"
        between = f"{self.value(measured.low)} to {self.value(measured.high)}"
        return f"{self.name} {self.value(measured.value)} ({self.interval} {between}, n = {measured.n})"

    def difference(self, measured: Difference) -> str:
        """Write a paired difference: ``accuracy 4.0 points below the champion's (…)``."""
        between = self.between(measured.low, measured.high)
        if measured.value == 0:
            return f"{self.name} equal to the champion's ({between}, n = {measured.n})"
        side = "below" if measured.value < 0 else "above"
        return f"{self.name} {self.size(measured.value)} {side} the champion's ({between}, n = {measured.n})"

    def between(self, low: float, high: float) -> str:
        """Write an interval of differences: ``95 % interval −6.9 to −1.2 points``."""
        if self._percent:
            return f"{self.interval} {signed(f'{low * 100:+.1f}')} to {signed(f'{high * 100:+.1f}')} points"
        return f"{self.interval} {signed(f'{low:+.3f}')} to {signed(f'{high:+.3f}')}"


def p_value(p: float) -> str:
    """Write a p-value: ``p = 0.012`` or ``p < 0.0001``."""
    return f"p < {_SMALLEST_P:.4f}" if p < _SMALLEST_P else f"p = {p:.2g}"


def samples(more: int | None) -> str:
    """Say how many more samples would decide."""
    if more is None:
        return "how many more samples would decide cannot be said"
    return f"about {more} more sample{'' if more == 1 else 's'} would decide"


def signed(number: str) -> str:
    """Write a formatted number with a true minus sign, and zero with none."""
    zero = not number.strip("+-0.")
    return number.lstrip("+-") if zero else number.replace("-", "−")

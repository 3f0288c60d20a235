"""Data checks and what they find."""

from seatrial.quality.finding import CheckResult, Finding, QualityReport, Severity

__all__ = ["CheckResult", "Finding", "QualityReport", "Severity"]
